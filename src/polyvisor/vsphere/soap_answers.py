"""Answers to calls of oslo.vmware, which Nova and Cinder make in several threads at a time."""

from typing import Any

from suds.bindings.multiref import MultiRef

_process = MultiRef.process


def keep_apart() -> None:
    """Have each thread get the answer to its own call.

    suds, which is under oslo.vmware, takes every answer apart by one object that all calls of a client share,
    and keeps the parts in it meanwhile. With native threads, the answer to one call was now and then taken
    for that to another: the host of one VM for the cluster of another. May be called again.

    Source of facts: suds-community 1.2.0, `suds.bindings.multiref` and `suds.bindings.binding.Binding`.
    """
    MultiRef.process = _process_alone


def _process_alone(_shared: MultiRef, body: Any) -> Any:
    return _process(MultiRef(), body)
