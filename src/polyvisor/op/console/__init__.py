"""Consoles of servers: what clouds offer, and tickets for the platform's own relay to them."""
