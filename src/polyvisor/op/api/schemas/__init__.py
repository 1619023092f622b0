"""One file for each noun: what goes in and comes out, with examples."""
