"""The inventory of a vCenter in bulk, and its changes as they happen."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Event, Lock, Thread
from typing import Any, Final, Literal, Self

from pyVmomi import vmodl

from polyvisor.vsphere.collector import (
    Subscription,
    container_view,
    objects_filter,
    subscription,
    view_filter,
)
from polyvisor.vsphere.faults import InvalidState, NotFound, Unavailable, VSphereError
from polyvisor.vsphere.session import Session, moref

LOG = logging.getLogger(__name__)

Properties = dict[str, Any]
_PAGE_SIZE: Final = 1000
# 200 VMs with their devices are about 4 MB on the wire, and 40 MB as pyVmomi's objects.
_STREAM_PAGE_SIZE: Final = 200
_STREAMS: Final = 2
# A dead network shows after this and the endpoint's call_timeout at the latest.
_WAIT_SECONDS: Final = 20
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


def collect(
    session: Session,
    kind: type,
    properties: Sequence[str],
    *,
    container: Any = None,
    page_size: int = _PAGE_SIZE,
) -> dict[str, Properties]:
    """Read some properties of all objects of a kind, in few calls however many there are.

    Args:
        kind: a managed type, for example ``vim.VirtualMachine``.
        properties: paths of leaf properties, for example ``runtime.host``.
        container: the managed object to look below, at any depth; default: the whole vCenter.
        page_size: objects per answer.

    Returns:
        moref -> {property: value}. A property that is unset, or that the account may not read, is missing.

    Raises:
        VSphereError: as `Session.call` does; NotFound if the container is gone.
    """

    def read() -> dict[str, Properties]:
        with container_view(session, kind, container) as view:
            return retrieve(session, view_filter(view, kind, properties), page_size)

    generation = session.generation
    try:
        return read()
    except VSphereError:
        if session.generation == generation:
            raise
        # A login ended on the way, and the view and the page mark with it. To read again is safe.
        return read()


def retrieve(session: Session, spec: Any, page_size: int = _PAGE_SIZE) -> dict[str, Properties]:
    """Read what a filter of `polyvisor.vsphere.collector` describes; see `collect`."""
    return retrieve_all(session, [spec], page_size)


def retrieve_all(
    session: Session, specs: Sequence[Any], page_size: int = _PAGE_SIZE
) -> dict[str, Properties]:
    """Read what several filters describe, none of them the same object, in one call."""
    return {
        moref(content.obj): {prop.name: prop.val for prop in content.propSet}
        for page in _pages(session, specs, page_size)
        for content in page
    }


def stream(
    session: Session, kind: type, properties: Sequence[str], *, page_size: int = _STREAM_PAGE_SIZE
) -> Iterator[tuple[str, Properties]]:
    """Read as `collect` does, for more than should be in memory at a time.

    The objects are listed first. Then two pages are read at a time, because vCenter works on one while the
    other is taken apart here; whoever iterates slowly is waited for. An object that goes away meanwhile is
    left out.

    Raises:
        VSphereError: as `Session.call` does.
    """
    found = list(collect(session, kind, ["name"]))
    pages = [found[start : start + page_size] for start in range(0, len(found), page_size)]

    def read(page: list[str]) -> dict[str, Properties]:
        objects = [session.managed_object(kind, key) for key in page]
        return retrieve(session, objects_filter(objects, kind, properties), page_size)

    with ThreadPoolExecutor(_STREAMS, thread_name_prefix="stream") as pool:
        running = deque(pool.submit(read, page) for page in pages[:_STREAMS])
        waiting = iter(pages[_STREAMS:])
        try:
            while running:
                objects = running.popleft().result()
                running.extend(pool.submit(read, page) for page in islice(waiting, 1))
                yield from objects.items()
        finally:
            for future in running:
                future.cancel()


def find_vm(session: Session, instance_uuid: str) -> str:
    """Find a VM by the instance UUID that Nova gave it.

    Returns:
        Its moref.

    Raises:
        NotFound: no VM has it.
        InvalidState: several have it, for example after a copy: none of them can be trusted to be the one.
    """
    found = session.call(session.content.searchIndex.FindAllByUuid, None, instance_uuid, True, True)
    if not found:
        raise NotFound(f"{session.endpoint}: no VM has the instance UUID {instance_uuid}")
    if len(found) > 1:
        vms = ", ".join(map(moref, found))
        raise InvalidState(
            f"{session.endpoint}: several VMs ({vms}) have the instance UUID {instance_uuid}; "
            "give all but one of them another"
        )
    return moref(found[0])


def _pages(session: Session, specs: Sequence[Any], page_size: int) -> Iterator[Sequence[Any]]:
    collector = session.content.propertyCollector
    options = vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=page_size)
    result = session.call(collector.RetrievePropertiesEx, list(specs), options)
    while result:
        yield result.objects
        if not result.token:
            return
        result = session.call(collector.ContinueRetrievePropertiesEx, result.token)


@dataclass(frozen=True, slots=True)
class Change:
    """One object came, changed or went.

    Attributes:
        properties: all that are known when it came, the changed ones when it changed (None: now unset),
            none when it went.
    """

    kind: Literal["enter", "modify", "leave"]
    moref: str
    properties: Properties


class Watcher:
    """A copy of some properties of all objects of a kind, kept current by vCenter itself.

    After a lost connection it reads everything again and reports the differences only. ::

        with Watcher(session, vim.VirtualMachine, ["name"], on_change=print) as watcher:
            watcher.wait_ready(timeout=30)
            watcher.objects
    """

    def __init__(
        self,
        session: Session,
        kind: type,
        properties: Sequence[str],
        *,
        container: Any = None,
        on_change: Callable[[Change], None] | None = None,
    ) -> None:
        """Prepare, see `collect` for the arguments.

        Args:
            on_change: called in the watcher's thread, so it should be quick.
        """
        self._session = session
        self._kind = kind
        self._properties = tuple(properties)
        self._container = container
        self._on_change = on_change
        self._objects: dict[str, Properties] = {}
        self._lock = Lock()
        self._ready = Event()
        self._stop = Event()
        self._subscription: Subscription | None = None
        self._error: VSphereError | None = None
        self._thread = Thread(target=self._run, name=f"watch-{kind.__name__}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def objects(self) -> dict[str, Properties]:
        """The present state, moref -> {property: value}. The caller's own copy; values are shared."""
        with self._lock:
            return dict(self._objects)

    def wait_ready(self, timeout: float) -> None:
        """Wait until everything has been read for the first time.

        Raises:
            VSphereError: what stood in the way, if that takes longer than so many seconds.
        """
        if not self._ready.wait(timeout):
            raise self._error or Unavailable(f"{self._session.endpoint}: not read within {timeout} s")

    def stop(self) -> None:
        """End the thread: at once if vCenter answers, else when the call under way times out."""
        self._stop.set()
        while self._thread.is_alive():
            # Again and again, as the thread may have been just about to wait.
            self._cancel()
            self._thread.join(timeout=0.2)

    def _cancel(self) -> None:
        if waiting := self._subscription:
            try:
                waiting.cancel()
            except VSphereError as exc:
                LOG.debug("The wait ends by itself: %s", exc)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            try:
                self._watch()
            except VSphereError as exc:
                if self._stop.is_set():
                    return
                pause = min(pause * 2, _LONGEST_PAUSE) if self._error else _FIRST_PAUSE
                self._error = exc
                LOG.warning("Watching is interrupted, trying again in %.0f s: %s", pause, exc)
            self._stop.wait(pause)

    def _watch(self) -> None:
        with (
            container_view(self._session, self._kind, self._container) as view,
            subscription(self._session, view_filter(view, self._kind, self._properties)) as changes,
        ):
            self._subscription = changes
            try:
                self._follow(changes)
            finally:
                self._subscription = None

    def _follow(self, changes: Subscription) -> None:
        version, complete = "", False
        seen: set[str] = set()
        while not self._stop.is_set():
            update = changes.wait(version, _WAIT_SECONDS, max_objects=_PAGE_SIZE)
            if update is None:
                continue
            version = update.version
            for filtered in update.filterSet:
                for item in filtered.objectSet:
                    seen.add(moref(item.obj))
                    self._apply(item)
            if not complete and not update.truncated:
                complete = True
                self._forget(self._objects.keys() - seen)
                self._error = None
                self._ready.set()

    def _apply(self, item: Any) -> None:
        key = moref(item.obj)
        if item.kind == "leave":
            self._forget({key})
            return
        new = {change.name: change.val for change in item.changeSet}
        known = self._objects.get(key)
        old = known or {}
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        if known is not None and not changed:
            return
        merged = {name: value for name, value in {**old, **new}.items() if value is not None}
        with self._lock:
            self._objects[key] = merged
        self._report(Change("enter", key, merged) if known is None else Change("modify", key, changed))

    def _forget(self, keys: set[str]) -> None:
        for key in keys:
            with self._lock:
                known = self._objects.pop(key, None)
            if known is not None:
                self._report(Change("leave", key, {}))

    def _report(self, change: Change) -> None:
        if not self._on_change:
            return
        try:
            self._on_change(change)
        except Exception:
            LOG.exception("The listener failed on %s of %s", change.kind, change.moref)
