"""Makes servers of other origins than an image, by Nova's own creation: quota, ports, scheduling and all."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import webob.exc
from nova import block_device, exception, objects, utils
from nova.compute import api as compute_api
from nova.context import RequestContext
from nova.objects.block_device import block_device_make_list_from_dicts as make_mappings
from nova.objects.instance import Instance

from polyvisor.nova.network import KnownPorts, NetworkAPI


class OriginAPI(compute_api.API):
    """Nova's compute API, for servers that are made of something else than an image in Glance."""

    def __init__(
        self, image: dict[str, Any], marks: dict[str, str], ports: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Prepare.

        :param image: stands for that of Glance; as `image_of` returns it.
        :param marks: go into the servers' system metadata; see `polyvisor.nova.origin`.
        :param ports: that were just read of Neutron, with all their fields.
        """
        super().__init__(network_api=KnownPorts(_network_api(), ports))
        self._image = image
        self._marks = marks

    def _get_image(self, _context: RequestContext, image_href: str) -> tuple[str, dict[str, Any]]:
        return image_href, self._image

    def _populate_instance_for_create(self, *args: Any, **kwargs: Any) -> Instance:
        instance = super()._populate_instance_for_create(*args, **kwargs)
        instance.system_metadata.update(self._marks)
        return instance

    def _check_and_transform_bdm(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        # Nova takes a server without an image for one that boots from a volume. It has a disk all the same.
        mappings = super()._check_and_transform_bdm(context, *args, **kwargs)
        if mappings.root_bdm() is None:
            root = make_mappings(context, [block_device.create_image_bdm(None)])
            mappings = objects.BlockDeviceMappingList(objects=[*root, *mappings])
        return mappings


@functools.cache
def _network_api() -> NetworkAPI:
    """One for all, as it keeps Neutron's extensions for a while."""
    return NetworkAPI()


def image_of(server: Instance) -> dict[str, Any]:
    """Return the image that a server was made of, from what Nova keeps of it: Glance may have it no more."""
    image = utils.get_image_from_system_metadata(server.system_metadata)
    sizes = {key: int(image[key]) for key in ("min_ram", "min_disk") if image.get(key)}
    return image | sizes | {"id": server.image_ref or None, "status": "active"}


@contextmanager
def http_errors() -> Iterator[None]:
    """Turn Nova's errors into the answers that `POST /servers` gives for them."""
    try:
        yield
    except exception.OverQuota as error:
        raise webob.exc.HTTPForbidden(explanation=error.format_message()) from error
    except exception.NotFound as error:
        # Something that the request names, not what it is addressed to.
        raise webob.exc.HTTPBadRequest(explanation=error.format_message()) from error
    except exception.FixedIpAlreadyInUse as error:
        # Since `checks.address` has looked. Nova gives it no code of its own.
        raise webob.exc.HTTPConflict(explanation=error.format_message()) from error
    except exception.NovaException as error:
        if error.code not in webob.exc.status_map or error.code >= 500:
            raise
        raise webob.exc.status_map[error.code](explanation=error.format_message()) from error
