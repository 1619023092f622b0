"""The request to customize a clone's guest, on its way from the API to the compute service.

It may hold passwords, so it is in none of Nova's tables: it goes with the message that has the server built,
as if it were a file for the guest, and is taken out before anything else sees it.
"""

import json
from collections.abc import Sequence
from typing import Any

from oslo_serialization import base64

Request = dict[str, Any]

_FILE = "/polyvisor/customization.json"


def to_files(request: Request) -> list[tuple[str, str]]:
    """Return the files that carry a request, as Nova's API takes them."""
    return [(_FILE, base64.encode_as_text(json.dumps(request)))] if request else []


def from_files(files: Sequence[tuple[str, bytes | str]] | None) -> Request:
    """Take the request out of the files, as Nova's compute manager hands them over. Empty: there is none."""
    return next((dict(json.loads(content)) for path, content in files or () if path == _FILE), {})
