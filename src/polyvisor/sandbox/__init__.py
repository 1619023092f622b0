"""An all-in-one real OpenStack over simulated hypervisors, for demo, tests and development."""
