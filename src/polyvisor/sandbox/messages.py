"""RabbitMQ's virtual hosts, one for each OpenStack."""

from __future__ import annotations

from polyvisor.sandbox import programs
from polyvisor.sandbox.commands import once, run
from polyvisor.sandbox.settings import Settings

#: Only Debian's wrapper, which changes to a user of Debian's, is on the path.
CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"


def create_virtual_host(settings: Settings) -> None:
    """Make an OpenStack's virtual host; the first one's is there by itself."""
    if settings.virtual_host != "/":
        once(settings, "virtual-host", lambda: _create(settings))


def _create(settings: Settings) -> None:
    name, environment = settings.virtual_host, programs.rabbitmq_environment(settings)
    run(settings, (CONTROL, "add_vhost", name), environment)
    run(settings, (CONTROL, "set_permissions", "--vhost", name, "polyvisor", ".*", ".*", ".*"), environment)
