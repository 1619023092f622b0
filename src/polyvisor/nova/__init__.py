"""What runs inside Nova: compute driver, API filter, scheduler filter."""
