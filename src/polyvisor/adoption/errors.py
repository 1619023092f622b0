"""What can go wrong with a message that says all."""


class AdoptionError(Exception):
    """Something asked for cannot be: the message says what, why, and the way out."""
