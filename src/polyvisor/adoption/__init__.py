"""Taking what exists in vCenter under OpenStack, in place: discover, check, plan."""
