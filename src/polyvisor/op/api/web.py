"""The web UI, as `make web` builds it: files beside this package, served at "/".

It is one page; what is not one of its files and not the API's is a view of it, which it finds by itself.
"""

from __future__ import annotations

import mimetypes
import stat
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent.parent / "web"
HOW_TO_BUILD = "The web UI is not built: run `make web`, then start again. The API works without it."
#: Best first: content coding, and the end of the name that a file compressed so has.
_CODINGS = {"br": ".br", "gzip": ".gz"}
# Scripts come from here only. Naive UI writes its styles into <style> elements, as the theme changes even
# while it runs: hashes and a nonce in a page that browsers may keep would not fit them. Styles cannot run
# anything.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def is_built(folder: Path = FOLDER) -> bool:
    """Whether there is a web UI to serve."""
    return (folder / "index.html").is_file()


def install(app: FastAPI, folder: Path = FOLDER) -> None:
    """Have the application serve the web UI below its API; if it is not built, say how to build it."""
    if not is_built(folder):
        app.add_route("/", lambda _request: PlainTextResponse(HOW_TO_BUILD, 503), include_in_schema=False)
        return
    page, nowhere = _Page(directory=folder), app.router.default

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        await (page if scope["type"] == "http" else nowhere)(scope, receive, send)

    # Not mounted: a mount at "/" would also take what the API answers with 405.
    app.router.default = default


class _Page(StaticFiles):
    """Files, compressed in advance, and the one page for all views."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, in the best coding that the browser takes, or the page."""
        if not self._is_file(path) and not path.startswith(("api/", "assets/")):
            path = "index.html"
        coding = next((one for one in _accepted(scope) if self._is_file(path + _CODINGS[one])), None)
        response = await super().get_response(path + (_CODINGS[coding] if coding else ""), scope)
        if coding is not None:
            response.headers["Content-Encoding"] = coding
            response.headers["Content-Type"] = mimetypes.guess_type(path)[0] or "application/octet-stream"
        # Names of assets have a hash of what is in them; the page must be fresh to name the right ones.
        kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        response.headers["Cache-Control"] = kept
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    def _is_file(self, path: str) -> bool:
        _full, found = self.lookup_path(path)
        return found is not None and stat.S_ISREG(found.st_mode)


def _accepted(scope: Scope) -> list[str]:
    wanted = Headers(scope=scope).get("accept-encoding", "")
    accepted = {one.split(";")[0].strip() for one in wanted.split(",")}
    return [coding for coding in _CODINGS if coding in accepted]
