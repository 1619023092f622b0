"""ML2 mechanism drivers for VMware switches."""
