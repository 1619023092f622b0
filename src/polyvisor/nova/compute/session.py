# ruff: noqa: SLF001 - Nova names the methods of its session so
"""Nova's vCenter session: bounded in time, and with the ESXi host filled in where Nova names none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nova.conf
from nova.virt.vmwareapi import session as stock
from oslo_vmware import api, vim_util
from oslo_vmware.exceptions import VimException, VimFaultException

from polyvisor.nova import conf
from polyvisor.vsphere import soap_answers

CONF = nova.conf.CONF
conf.register_opts(CONF)

_CREATES = frozenset({"CreateVM_Task", "ImportVApp"})
_STARTS = frozenset({"PowerOnVM_Task"})


class BoundedSession(stock.VMwareAPISession):
    """Nova's session, which does not wait for ever for an answer of vCenter, nor for its return.

    Once it is up. nova-compute still waits for vCenter when it starts, as it does for its message bus.
    """

    def __init__(self, scheme: str = "https") -> None:
        soap_answers.keep_apart()
        # Past Nova's own constructor, which has no time limit to set.
        api.VMwareAPISession.__init__(
            self,
            host=CONF.vmware.host_ip,
            port=CONF.vmware.host_port,
            server_username=CONF.vmware.host_username,
            server_password=CONF.vmware.host_password,
            api_retry_count=CONF.vmware.api_retry_count,
            task_poll_interval=CONF.vmware.task_poll_interval,
            scheme=scheme,
            cacert=CONF.vmware.ca_file,
            insecure=CONF.vmware.insecure,
            pool_size=CONF.vmware.connection_pool_size,
            connection_timeout=CONF.polyvisor.vcenter_driver_timeout,
        )

    def _create_session(self) -> None:
        if self._session_id is None:
            super()._create_session()
        else:
            # One attempt: the call that needs it is repeated `[vmware] api_retry_count` times.
            api.VMwareAPISession._create_session.__wrapped__(self)


class PinnedSession:
    """A `VMwareAPISession` for one operation on one VM, that keeps the VM on a given host.

    Nova leaves the choice of the host to vCenter: it names the cluster's resource pool only. vCenter's own
    parameter `host` of these calls decides instead.
    """

    def __init__(self, session: Any, *, create_on: str | None = None, start_on: str | None = None) -> None:
        """Pin to morefs of HostSystem objects; None leaves that choice to vCenter."""
        self._session = session
        self._host_of = dict.fromkeys(_CREATES, create_on) | dict.fromkeys(_STARTS, start_on)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def _call_method(self, module: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        with _once():
            return self._session._call_method(module, method, *args, **self._pinned(method, kwargs))

    def invoke_api(self, module: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call vCenter, as `oslo_vmware.api.VMwareAPISession.invoke_api`."""
        return self._session.invoke_api(module, method, *args, **self._pinned(method, kwargs))

    def _wait_for_task(self, task: Any) -> Any:
        with _once():
            return self._session._wait_for_task(task)

    def _pinned(self, method: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        host = self._host_of.get(method)
        return kwargs | {"host": vim_util.get_moref(host, "HostSystem")} if host else kwargs


@contextmanager
def _once() -> Iterator[None]:
    """Keep Nova from repeating CreateVM_Task for five minutes, in the hope of another host."""
    try:
        yield
    except VimFaultException as error:
        raise VimException(f"{error.msg} ({', '.join(map(str, error.fault_list))})") from error
