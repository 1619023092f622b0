"""What answers the routes, one module for each noun; Nova's own Resource calls their functions."""
