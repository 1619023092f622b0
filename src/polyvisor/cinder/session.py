# ruff: noqa: SLF001 - oslo.vmware names the method so
"""Cinder's vCenter session, bounded in time."""

from typing import Any

from oslo_vmware import api
from typing_extensions import override

from polyvisor.vsphere import soap_answers


class BoundedSession(api.VMwareAPISession):
    """Does not wait for ever for an answer of vCenter, nor, once it is up, for its return.

    cinder-volume still waits for vCenter when it starts, as it does for its message bus.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Log in, as Cinder's driver does."""
        soap_answers.keep_apart()
        super().__init__(*args, **kwargs)

    @override
    def _create_session(self) -> None:
        if self._session_id is None:
            super()._create_session()
        else:
            # One attempt: the call that needs it is repeated `vmware_api_retry_count` times.
            api.VMwareAPISession._create_session.__wrapped__(self)
