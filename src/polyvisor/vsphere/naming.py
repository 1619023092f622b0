"""Names as people know them.

vCenter escapes three characters in the names of inventory objects: ``/`` as %2f, ``\\`` as %5c and ``%`` as
%25 (API reference, ManagedEntity.name). The rest is left as it is, even if it looks like an escape.
"""

import re
from typing import Final
from urllib.parse import unquote

_ESCAPED: Final = re.compile("%(?:2f|5c|25)", re.IGNORECASE)


def unescape(name: str) -> str:
    """Give the name that a person typed in vCenter."""
    return _ESCAPED.sub(lambda match: unquote(match.group()), name)


def is_named(name: str, wanted: str) -> bool:
    """Tell whether somebody who writes `wanted`, plain or escaped, means the object of this plain name."""
    return name in (wanted, unescape(wanted))


def escape(name: str) -> str:
    """Give the name in the form in which vCenter takes it without another thought: `unescape` gives it back.

    vCenter escapes what it is sent itself, but takes a % that looks like an escape for one.
    """
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
