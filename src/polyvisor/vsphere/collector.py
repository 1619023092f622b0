"""What we say to vCenter's PropertyCollector: which objects, which properties, and tell me when they change.

Only leaf properties are ever asked, such as ``runtime.powerState``, never whole structures: they are
smaller by orders of magnitude, and a structure with one value that pyVmomi does not know cannot be read.
Source of facts: vSphere Web Services SDK Programming Guide, chapter "PropertyCollector".
"""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim, vmodl

from polyvisor.vsphere.faults import Unavailable, VSphereError
from polyvisor.vsphere.session import Session

LOG = logging.getLogger(__name__)
_Collector = vmodl.query.PropertyCollector


def object_filter(managed_object: Any, properties: Sequence[str]) -> Any:
    """Describe some properties of one object."""
    return _Collector.FilterSpec(
        objectSet=[_Collector.ObjectSpec(obj=managed_object, skip=False)],
        propSet=[_Collector.PropertySpec(type=type(managed_object), pathSet=list(properties))],
    )


def objects_filter(objects: Sequence[Any], kind: type, properties: Sequence[str]) -> Any:
    """Describe some properties of objects of a kind; those that are gone are left out of the answer."""
    return _Collector.FilterSpec(
        objectSet=[_Collector.ObjectSpec(obj=managed_object, skip=False) for managed_object in objects],
        propSet=[_Collector.PropertySpec(type=kind, pathSet=list(properties))],
        reportMissingObjectsInResults=True,
    )


def merged_filter(*filters: Any) -> Any:
    """Describe what several filters describe, so that one call reads it all.

    Those on objects of one type must describe the same properties.
    """
    properties = {each.type: each for one in filters for each in one.propSet}
    return _Collector.FilterSpec(
        objectSet=[each for one in filters for each in one.objectSet],
        propSet=list(properties.values()),
    )


def view_filter(view: Any, kind: type, properties: Sequence[str]) -> Any:
    """Describe some properties of all objects of a kind in a view."""
    members = _Collector.TraversalSpec(name="members", type=type(view), path="view", skip=False)
    return _Collector.FilterSpec(
        objectSet=[_Collector.ObjectSpec(obj=view, skip=True, selectSet=[members])],
        propSet=[_Collector.PropertySpec(type=kind, pathSet=list(properties))],
    )


def related_filter(owner: Any, path: str, kind: type, properties: Sequence[str]) -> Any:
    """Describe some properties of the objects which a property of one object refers to."""
    relation = _Collector.TraversalSpec(name="relation", type=type(owner), path=path, skip=False)
    return _Collector.FilterSpec(
        objectSet=[_Collector.ObjectSpec(obj=owner, skip=True, selectSet=[relation])],
        propSet=[_Collector.PropertySpec(type=kind, pathSet=list(properties))],
    )


def ancestry_filter(entities: Sequence[Any]) -> Any:
    """Describe name and parent of inventory objects and of all that is above them."""
    again = _Collector.SelectionSpec(name="up")
    up = _Collector.TraversalSpec(
        name="up", type=vim.ManagedEntity, path="parent", skip=False, selectSet=[again]
    )
    return _Collector.FilterSpec(
        objectSet=[_Collector.ObjectSpec(obj=entity, skip=False, selectSet=[up]) for entity in entities],
        propSet=[_Collector.PropertySpec(type=vim.ManagedEntity, pathSet=["name", "parent"])],
    )


@contextmanager
def container_view(session: Session, kind: type, container: Any = None) -> Iterator[Any]:
    """Give a view of all objects of a kind below a container (default: everywhere), while the block lasts."""
    content = session.content
    root = container or content.rootFolder
    with _lasting(session, content.viewManager.CreateContainerView, root, [kind], True) as view:
        yield view


@dataclass(frozen=True, slots=True)
class Subscription:
    """A filter whose changes vCenter reports, on a collector of its own.

    Not on the session's common collector: there, each waiting thread would get the changes of the others.
    """

    session: Session
    collector: Any

    def wait(self, version: str, seconds: float, *, max_objects: int | None = None) -> Any:
        """Wait for what changed since a version; the empty version reports everything at once.

        Returns:
            An UpdateSet, or None if nothing changed for so many seconds, rounded up.

        Raises:
            VSphereError: as `Session.call` does; Cancelled after `cancel`.
        """
        whole_seconds = max(1, math.ceil(seconds))
        options = _Collector.WaitOptions(maxWaitSeconds=whole_seconds, maxObjectUpdates=max_objects)
        return self.session.call(
            self.collector.WaitForUpdatesEx,
            version,
            options,
            call_timeout=whole_seconds + self.session.endpoint.call_timeout,
        )

    def cancel(self) -> None:
        """End a `wait` of another thread."""
        self.session.call(self.collector.CancelWaitForUpdates)


@contextmanager
def subscription(session: Session, spec: Any) -> Iterator[Subscription]:
    """Subscribe to the changes of a filter while the block lasts."""
    with _lasting(session, session.content.propertyCollector.CreatePropertyCollector) as collector:
        session.call(collector.CreateFilter, spec, False)
        yield Subscription(session, collector)


@contextmanager
def _lasting(session: Session, create: Callable[..., Any], *args: Any) -> Iterator[Any]:
    """Create an object in vCenter's session and destroy it at the end."""
    created = session.call(create, *args)
    try:
        yield created
    except Unavailable:
        # To destroy it would only wait in vain once more; vCenter drops it together with the session.
        raise
    except BaseException:
        _destroy(session, created)
        raise
    else:
        _destroy(session, created)


def _destroy(session: Session, created: Any) -> None:
    is_view = isinstance(created, vim.view.View)
    try:
        session.call(created.DestroyView if is_view else created.DestroyPropertyCollector)
    except VSphereError as exc:
        LOG.debug("Left behind until the session ends: %s", exc)
