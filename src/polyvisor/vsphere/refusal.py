"""Why a cluster cannot take a VM where someone wants it. One class, one code and one rank for each reason.

The codes never change: programs may rely on them. The rank says how near the cluster came. Who asked several
clusters shows the refusal of the highest rank: that the host is in maintenance in the one cluster that has
it, not that the others do not know it.
"""

# ruff: noqa: N818 - named for what is the case, as the errors in faults.py are

from typing import ClassVar

from polyvisor.vsphere.datastore import Datastore
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.host import Host


class PlacementRefused(VSphereError):
    """The base of all refusals.

    Attributes:
        code: a stable identifier of the reason.
        rank: higher is nearer to what was wanted.
        host: the wanted host if the cluster has it, whatever is wrong with it.
        datastore: the wanted datastore if the cluster has it.
    """

    code: ClassVar[str] = "placement_refused"
    rank: ClassVar[int] = 0
    host: Host | None = None
    datastore: Datastore | None = None


class HostNotFound(PlacementRefused):
    """No host of the cluster has this name or moref."""

    code = "host_not_found"
    rank = 10


class DatastoreNotFound(PlacementRefused):
    """No datastore of the cluster has this name or moref."""

    code = "datastore_not_found"
    rank = 20


class HostAmbiguous(PlacementRefused):
    """Several hosts of the cluster have this name."""

    code = "host_ambiguous"
    rank = 30


class DatastoreAmbiguous(PlacementRefused):
    """Several datastores of the cluster have this name."""

    code = "datastore_ambiguous"
    rank = 31


class NotConnectedToEachOther(PlacementRefused):
    """The host does not mount the datastore, or cannot write to it."""

    code = "host_datastore_not_connected"
    rank = 40


class HostNotConnected(PlacementRefused):
    """No connection from vCenter to the host, or the host is not powered on."""

    code = "host_not_connected"
    rank = 50


class HostInMaintenance(PlacementRefused):
    """The host is in maintenance mode."""

    code = "host_in_maintenance"
    rank = 51


class DatastoreInaccessible(PlacementRefused):
    """No host reaches the datastore."""

    code = "datastore_inaccessible"
    rank = 52


class DatastoreInMaintenance(PlacementRefused):
    """The datastore is in maintenance mode, or entering it."""

    code = "datastore_in_maintenance"
    rank = 53


class NoUsableHost(PlacementRefused):
    """No host of the cluster that could run the VM can write to the datastore."""

    code = "no_usable_host"
    rank = 54


class NoUsableDatastore(PlacementRefused):
    """The host can write to no datastore that is accessible and not in maintenance."""

    code = "no_usable_datastore"
    rank = 55


class DatastoreTooSmall(PlacementRefused):
    """The datastore has less free space than the disks need."""

    code = "datastore_too_small"
    rank = 60


class NoDatastoreWithRoom(PlacementRefused):
    """No datastore of the host has the free space that the disks need."""

    code = "no_datastore_with_room"
    rank = 61


class DiskNotFound(PlacementRefused):
    """The VM has no disk of this label or key."""

    code = "disk_not_found"
    rank = 70


class VolumeStays(PlacementRefused):
    """A volume of Cinder is to be moved, and Cinder would not know."""

    code = "volume_stays"
    rank = 71


class AlreadyThere(PlacementRefused):
    """There is nothing to move."""

    code = "already_there"
    rank = 80
