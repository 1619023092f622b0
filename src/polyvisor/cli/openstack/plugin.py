"""What python-openstackclient reads of a plug-in: names, versions, and how to reach the service."""

import argparse
from typing import Any

API_NAME = "vmware"
API_VERSION_OPTION = "os_vmware_api_version"
API_VERSIONS = ("1",)
DEFAULT_API_VERSION = "1"


def make_client(instance: Any) -> Any:
    """Return openstacksdk's compute proxy: the commands speak to Nova's own endpoint."""
    return instance.sdk_connection.compute


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the global option that python-openstackclient expects of a plug-in. There is one version so far."""
    parser.add_argument("--os-vmware-api-version", metavar="<version>", help=argparse.SUPPRESS)
    return parser
