"""JSON schemas of the requests, one module for each noun."""
