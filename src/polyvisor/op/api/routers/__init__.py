"""One file for each noun: its paths, the right each of them needs, and the call that does the work."""
