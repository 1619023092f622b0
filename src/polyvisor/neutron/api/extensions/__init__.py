"""Neutron loads each file of this folder, and the class in it that has the file's name."""
