"""Additions to answers that Nova gives.

An addition gets the body of a good answer and returns it with what Nova could not know. Whether the user may
see the thing at all, Nova has decided by then.
"""
