"""vCenter client library on pyVmomi. Knows nothing of OpenStack."""
