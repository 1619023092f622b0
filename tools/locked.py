"""Print one package's entry of the lock file, hashes included: ``locked.py NAME``."""

import re
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"


def entry(name: str) -> str:
    """The lines of a pinned package. Raises SystemExit if it is not locked."""
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{name} is not in {LOCK}")
    return found.group()


if __name__ == "__main__":
    sys.stdout.write(entry(sys.argv[1]) + "\n")
