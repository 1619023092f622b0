"""The vCenter cluster that this nova-compute manages, as it is now."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import nova.conf
from nova.virt.vmwareapi import ds_util

from polyvisor.nova import conf, errors
from polyvisor.nova.clone import Clone
from polyvisor.vsphere import faults
from polyvisor.vsphere.chain import Chain, read_chain
from polyvisor.vsphere.clone_source import Source, read_source, source_filters, source_of
from polyvisor.vsphere.datastore import Datastore, datastores_filter, datastores_of, list_datastores
from polyvisor.vsphere.host import Host, hosts_filter, hosts_of, list_hosts
from polyvisor.vsphere.inventory import Properties, retrieve_all
from polyvisor.vsphere.machine import Machine, read_machine
from polyvisor.vsphere.naming import escape
from polyvisor.vsphere.placement import Placement, read_placement
from polyvisor.vsphere.relocation import read_host_name, read_root_pool
from polyvisor.vsphere.relocation_rules import Ground
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.snapshot import Snapshots, read_snapshots_of

CONF = nova.conf.CONF
conf.register_opts(CONF)


def connect() -> Session:
    """Return a session to the vCenter of group ``[vmware]``. It logs in when first used."""
    return Session(
        Endpoint(
            host=CONF.vmware.host_ip,
            port=CONF.vmware.host_port,
            username=CONF.vmware.host_username,
            password=CONF.vmware.host_password,
            ca_file=CONF.vmware.ca_file,
            insecure=CONF.vmware.insecure,
            connect_timeout=CONF.polyvisor.vcenter_connect_timeout,
            call_timeout=CONF.polyvisor.vcenter_call_timeout,
        )
    )


@dataclass(frozen=True)
class Cluster:
    """Reads the cluster from vCenter, afresh each time.

    Every method raises `errors.VCenterUnavailable` within the time limits of group ``[polyvisor]``, or
    `errors.VCenterRefused`.
    """

    session: Session
    moref: str
    name: str
    vcenter_uuid: str
    datastore_regex: re.Pattern[str] | None = field(default=None)

    def identity(self) -> dict[str, dict[str, str]]:
        """Say which vCenter and which cluster this is."""
        return {
            "vcenter": {"uuid": self.vcenter_uuid, "name": self.session.endpoint.host},
            "cluster": {"moref": self.moref, "name": self.name},
        }

    def hosts(self) -> list[Host]:
        """List the ESXi hosts of the cluster."""
        with self.asking():
            return list_hosts(self.session, self.moref)

    def datastores(self) -> list[Datastore]:
        """List the datastores that Nova may use: those that pass `datastore_regex` and are of a known type.

        One that Nova's own choice would never take must not be offered, nor accepted in a wish.
        """
        return [store for store in self.all_datastores() if self.is_usable(store)]

    def all_datastores(self) -> list[Datastore]:
        """List the datastores that the hosts see, whether Nova may use them or not."""
        with self.asking():
            return list_datastores(self.session, self.moref)

    def is_usable(self, store: Datastore) -> bool:
        """Tell whether Nova may put servers there."""
        matches = self.datastore_regex is None or self.datastore_regex.match(escape(store.name))
        return store.type in ds_util.ALL_SUPPORTED_DS_TYPES and bool(matches)

    @property
    def node(self) -> str:
        """Nova's name of the compute node that this cluster is."""
        return f"{self.moref}.{self.vcenter_uuid}"

    def ground(self, machine: Machine, *, here: bool) -> Ground:
        """Read what the relocation of a VM needs to know of this cluster.

        :param here: whether Nova has the server in this cluster.
        :raises errors.OperationRefused: the VM is on no host, or not in the cluster where Nova has it.
        """
        hosts, datastores = self.hosts(), self.all_datastores()
        name = next((host.name for host in hosts if host.moref == machine.host), None)
        if machine.host is None or (here and name is None):
            raise errors.OperationRefused(
                reason=f"VM {machine.name} is on no host of the cluster where Nova has the server; move it "
                "back in vCenter first"
            )
        with self.asking():
            return Ground(
                hosts=hosts,
                datastores=datastores,
                usable=[store for store in datastores if self.is_usable(store)],
                source=(machine.host, name or read_host_name(self.session, machine.host)),
                pool=None if here else read_root_pool(self.session, self.moref),
            )

    def machine(self, instance_uuid: str) -> Machine:
        """Read the VM of a server.

        :raises errors.VirtualMachineNotFound: vCenter has no VM of this server.
        """
        with self.finding(instance_uuid):
            return read_machine(self.session, instance_uuid)

    def snapshots(self, instance_uuid: str) -> Snapshots:
        """Read the snapshots of the VM of a server.

        :raises errors.VirtualMachineNotFound: vCenter has no VM of this server.
        """
        with self.finding(instance_uuid):
            return read_snapshots_of(self.session, instance_uuid)

    def chain(self, instance_uuid: str) -> Chain:
        """Read what the snapshots of the VM of a server hold.

        :raises errors.VirtualMachineNotFound: vCenter has no VM of this server.
        """
        with self.finding(instance_uuid):
            return read_chain(self.session, instance_uuid)

    def placement(self, instance_uuid: str) -> Placement:
        """Say where the VM of a server is.

        :raises errors.VirtualMachineNotFound: vCenter has no VM of this server.
        """
        with self.finding(instance_uuid):
            return read_placement(self.session, instance_uuid)

    @contextmanager
    def finding(self, instance_uuid: str) -> Iterator[None]:
        """Raise this class's errors, where the VM of a server is asked for."""
        try:
            with self.asking():
                yield
        except faults.NotFound as error:
            raise errors.VirtualMachineNotFound(
                instance=instance_uuid, vcenter=self.session.endpoint.host
            ) from error

    def clone_source(self, instance_uuid: str, snapshot: str | None = None) -> Source:
        """Read what a server is cloned from. It may be in another cluster of the vCenter.

        :param snapshot: id of a snapshot of the server.
        :raises errors.VirtualMachineNotFound: vCenter has no VM of that server.
        :raises errors.SnapshotNotFound: the VM has no such snapshot.
        """
        if snapshot is None:
            with self.finding(instance_uuid):
                return read_source(self.session, instance_uuid)
        found = self.snapshots(instance_uuid)
        try:
            one = found.find(snapshot)
        except faults.NotFound as error:
            raise errors.SnapshotNotFound(snapshot=snapshot, instance=instance_uuid) from error
        with self.finding(instance_uuid):
            return read_source(self.session, instance_uuid, one.moref)

    def clone_ground(self, clone: Clone) -> tuple[Source, list[Host], list[Datastore]]:
        """Read what a server is cloned from, and where the clone can be, in one call if nothing has changed.

        :raises errors.VirtualMachineNotFound: vCenter has no VM of that server.
        :raises errors.SnapshotNotFound: the VM has no such snapshot.
        """
        place = [hosts_filter(self.session, self.moref), datastores_filter(self.session, self.moref)]
        seen = source_filters(self.session, clone.vm, clone.state) if clone.vm else []
        with self.asking():
            try:
                found = retrieve_all(self.session, [*seen, *place])
            except faults.NotFound:
                found = retrieve_all(self.session, place)
        stores = [store for store in datastores_of(found) if self.is_usable(store)]
        source = self._seen(found, clone) or self.clone_source(clone.source, clone.snapshot)
        return source, hosts_of(found, self.moref), stores

    def _seen(self, found: Mapping[str, Properties], clone: Clone) -> Source | None:
        """Take the source out of what was read, if it is there still."""
        try:
            source = source_of(self.session, found, clone.vm or "", clone.state)
        except faults.NotFound:
            return None
        return source if source.instance_uuid == clone.source else None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Turn errors of `polyvisor.vsphere` into those that callers over RPC know; not NotFound."""
        where = {"vcenter": self.session.endpoint.host, "host": CONF.host}
        try:
            yield
        except (faults.Unavailable, faults.AuthenticationFailed) as error:
            raise errors.VCenterUnavailable(reason=error, **where) from error
        except faults.NotFound:
            raise
        except faults.VSphereError as error:
            raise errors.VCenterRefused(reason=error, **where) from error
