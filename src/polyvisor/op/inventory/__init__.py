"""What all clouds have, in one store: read from them, searched, shown as trees, told when it changes."""
