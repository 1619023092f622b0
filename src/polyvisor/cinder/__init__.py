"""What runs inside Cinder: the volume driver for vCenter."""
