"""The volume driver: Cinder's own for vCenter, which waits for nothing for ever."""

from typing import Any

from cinder.volume.drivers.vmware import vmdk as stock
from oslo_config import cfg
from typing_extensions import override

from polyvisor.cinder import conf
from polyvisor.cinder.session import BoundedSession


class VMwareVcVmdkDriver(stock.VMwareVcVmdkDriver):
    """Volumes as VMDKs of a vCenter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add our options to the backend's section."""
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(conf.OPTIONS)

    @staticmethod
    def get_driver_options() -> list[cfg.Opt]:
        """List what can be set in the backend's section."""
        return [*stock.VMwareVcVmdkDriver.get_driver_options(), *conf.OPTIONS]

    @override
    def _create_session(self) -> BoundedSession:
        settings = self.configuration
        return BoundedSession(
            settings.vmware_host_ip,
            settings.vmware_host_username,
            settings.vmware_host_password,
            settings.vmware_api_retry_count,
            settings.vmware_task_poll_interval,
            port=settings.vmware_host_port,
            wsdl_loc=settings.safe_get("vmware_wsdl_location"),
            cacert=settings.vmware_ca_file,
            insecure=settings.vmware_insecure,
            pool_size=settings.vmware_connection_pool_size,
            connection_timeout=settings.vcenter_driver_timeout,
            op_id_prefix="c-vol",
        )
