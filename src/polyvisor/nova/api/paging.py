"""Pagination as Nova does it: `limit`, `marker`, and a link to the next page."""

from typing import Any

from nova.api.openstack import common, wsgi


class _Links(common.ViewBuilder):
    def next_page(self, req: wsgi.Request, items: list[dict[str, Any]], path: str) -> list[dict[str, str]]:
        return self._get_collection_links(req, items, path, id_key="id")


def page(req: wsgi.Request, items: list[dict[str, Any]], path: str, name: str) -> dict[str, Any]:
    """Return the page of `items` that the request asks for, as `{name: [...], name_links: [...]}`.

    Items are sorted by id, so that a marker keeps its place even when its own item has gone meanwhile.
    """
    limit, marker = common.get_limit_and_marker(req)
    following = sorted(
        (item for item in items if marker is None or item["id"] > marker), key=lambda item: item["id"]
    )
    shown = following[:limit]
    body: dict[str, Any] = {name: shown}
    if len(following) > len(shown):
        links = _Links().next_page(req, shown, path)
        if links:
            body[f"{name}_links"] = links
    return body
