"""The HTTP API: one router and one file of schemas for each noun."""
