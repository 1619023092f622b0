"""A KVM host in namespaces of its own: libvirt, Open vSwitch, and Neutron's agents.

The namespaces have no name: they end with the program ``kvm-node``, and with them every process, network and
mount in them, whatever was killed before.
"""
