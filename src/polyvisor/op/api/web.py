"""The web UI, as `make web` builds it: files beside this package, served at "/".

It is one page; what is not one of its files and not the API's is a view of it, which it finds by itself.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent.parent / "web"
HOW_TO_BUILD = "The web UI is not built: run `make web` (needs Node.js 20.19 or later), then start again."
#: Best first: content coding, and the end of the name that a file compressed so has.
_CODINGS = {"br": ".br", "gzip": ".gz"}
# Scripts come from here only. Naive UI writes its styles into <style> elements, as the theme changes even
# while it runs: hashes and a nonce in a page that browsers may keep would not fit them. Styles cannot run
# anything.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def is_built() -> bool:
    """Whether there is a web UI to serve."""
    return (FOLDER / "index.html").is_file()


def install(app: FastAPI) -> None:
    """Have the application serve the web UI below its API; if it is not built, say how to build it."""
    if is_built():
        app.mount("/", _Page(directory=FOLDER, html=True), name="web")
    else:
        app.add_route("/", lambda _request: PlainTextResponse(HOW_TO_BUILD, 503), include_in_schema=False)


class _Page(StaticFiles):
    """Files, compressed in advance, and the one page for all views."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, in the best coding that the browser takes, or the page."""
        response = await self._find(path, scope)
        # Names of assets have a hash of what is in them; the page must be fresh to name the right ones.
        kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        response.headers["Cache-Control"] = kept
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    async def _find(self, path: str, scope: Scope) -> Response:
        try:
            return await self._coded("index.html" if path == "." else path, scope)
        except HTTPException as error:
            if error.status_code != 404 or path.startswith(("api/", "assets/")):
                raise
            return await self._coded("index.html", scope)

    async def _coded(self, path: str, scope: Scope) -> Response:
        plain = await super().get_response(path, scope)
        plain.headers["Vary"] = "Accept-Encoding"
        wanted = Headers(scope=scope).get("accept-encoding", "")
        accepted = {one.split(";")[0].strip() for one in wanted.split(",")}
        for coding, end in _CODINGS.items():
            if coding in accepted and (FOLDER / f"{path}{end}").is_file():
                coded = await super().get_response(f"{path}{end}", scope)
                coded.headers["Vary"] = "Accept-Encoding"
                coded.headers["Content-Encoding"] = coding
                coded.headers["Content-Type"] = plain.headers["Content-Type"]
                return coded
        return plain
