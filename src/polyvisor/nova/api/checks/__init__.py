"""Checks on requests that Nova serves, before Nova has built anything.

A check raises, or returns. It takes the body as Nova will take it, from Nova's own parser, and leaves
everything that Nova would refuse anyway to Nova: the errors that users know stay as they know them.
"""
