"""What apply makes in OpenStack: one file, one kind. Each can be found again, made, and removed."""
