"""How things look in the API, one module for each noun: pure functions from what vCenter said."""
