"""ML2 mechanism driver `polyvisor_vss`: networks on the standard switches of ESXi hosts."""

from polyvisor.neutron.mech_base import VMwareMechanismDriver
from polyvisor.neutron.standard_switch import StandardSwitches


class StandardSwitchDriver(VMwareMechanismDriver):
    """Each network has a port group of its UUID's name on each host of the clusters its ports are on."""

    switch_type = StandardSwitches
