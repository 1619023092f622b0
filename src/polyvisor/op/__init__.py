"""The operations platform: several clouds behind one API, one identity and one audit log.

It acts on clouds through their public APIs only, so it can sit over clouds that others have installed.
"""
