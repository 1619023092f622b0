"""ML2 mechanism driver `polyvisor_dvs`: networks on vSphere Distributed Switches."""

from polyvisor.neutron.distributed_switch import DistributedSwitches
from polyvisor.neutron.mech_base import VMwareMechanismDriver


class DistributedSwitchDriver(VMwareMechanismDriver):
    """Each network has one distributed port group on each switch that its VMware ports are on."""

    switch_type = DistributedSwitches
