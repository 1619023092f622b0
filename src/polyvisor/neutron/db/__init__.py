"""What the drivers keep in Neutron's database."""
