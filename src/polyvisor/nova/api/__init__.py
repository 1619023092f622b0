"""What runs inside nova-api: one WSGI filter that serves Polyvisor's routes."""
