"""Environment and revisions."""
