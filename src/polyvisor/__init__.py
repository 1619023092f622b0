"""Polyvisor: one management for virtualization of every kind, with OpenStack as its resource manager."""
