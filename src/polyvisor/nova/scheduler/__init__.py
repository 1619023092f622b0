"""What runs inside nova-scheduler."""
