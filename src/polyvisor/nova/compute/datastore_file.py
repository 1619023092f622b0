"""Upload of files to a datastore over verified TLS.

Nova's own upload does not verify vCenter's certificate although it sends the session cookie, does not look
at the answer, and cannot send a binary file under Python 3.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import nova.conf
import requests
from nova import exception

CONF = nova.conf.CONF


class UploadFailed(exception.NovaException):
    """vCenter did not take the file."""

    msg_fmt = "Cannot upload %(path)s to datastore %(datastore)s: %(reason)s."


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to be sent, of a length that is known before: vCenter refuses a chunked request."""

    chunks: Iterable[bytes]
    size: int

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


def upload(
    content: Content,
    *,
    datacenter: str,
    datastore: str,
    path: str,
    cookies: requests.cookies.RequestsCookieJar,
) -> None:
    """Write a file to `path` on a datastore, through vCenter.

    :param datacenter: inventory path of the datacenter.
    :param cookies: of the SOAP session, which vCenter accepts here too.
    :raises UploadFailed: no answer within the time limits, or one that is not a success.
    """
    url = f"https://{CONF.vmware.host_ip}:{CONF.vmware.host_port}/folder/{quote(path)}"
    try:
        answer = requests.put(
            url,
            params={"dcPath": datacenter, "dsName": datastore},
            data=content,
            headers={"Content-Type": "application/octet-stream"},
            cookies=cookies,
            verify=CONF.vmware.ca_file or not CONF.vmware.insecure,
            timeout=(CONF.polyvisor.vcenter_connect_timeout, CONF.polyvisor.vcenter_driver_timeout),
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        raise UploadFailed(path=path, datastore=datastore, reason=error) from error
