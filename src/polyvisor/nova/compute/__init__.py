"""What runs inside nova-compute."""
