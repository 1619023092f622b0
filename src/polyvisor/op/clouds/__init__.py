"""The clouds the platform stands over: how they are reached, what they can do, how they fare."""
