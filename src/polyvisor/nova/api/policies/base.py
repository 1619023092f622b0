"""Who may ask, in words that several rules share."""

from nova.policies import base

ADMIN_OR_SYSTEM_READER = f"{base.ADMIN} or (role:reader and system_scope:all)"
"""Infrastructure belongs to the operators: those who run it, and those who only look at all of it."""
