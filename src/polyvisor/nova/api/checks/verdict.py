"""One answer to the user, from the answers of many clusters."""

import webob.exc

from polyvisor.nova import rpc
from polyvisor.nova.api import computes
from polyvisor.nova.api.checks.destination import Destination
from polyvisor.nova.api.computes import Answers, Compute
from polyvisor.vsphere.refusal import DatastoreNotFound, HostNotFound
from polyvisor.vsphere.wish import Wish


def refusal(wish: Wish, answers: Answers, destination: Destination) -> webob.exc.HTTPError | None:
    """Return why no cluster that the destination allows can take the server, or None if one can.

    `answers` are those of `rpc.PolyvisorAPI.check_placement`. The nearest miss tells the user most: a host in
    maintenance says more than the five clusters that never heard of it. A cluster that does not answer counts
    only while nobody else knows the place.
    """
    allowed = [answer for compute, answer in answers.given if destination.why_not(compute) is None]
    if any(answer["ok"] for answer in allowed):
        return None
    near = [answer for answer in allowed if not _is_unknown(wish, answer)]
    elsewhere = [(compute, answer) for compute, answer in answers.given if answer["ok"]]
    refused = [answer for _compute, answer in answers.given if not answer["ok"]]
    if near:
        return _bad_request(wish, near)
    if answers.lost_cells or any(destination.why_not(compute) is None for compute, _ in answers.missing):
        return _unknowable(answers)
    if elsewhere:
        return _wrong_destination(destination, *elsewhere[0])
    if refused:
        return _bad_request(wish, refused)
    return webob.exc.HTTPBadRequest(
        explanation="The metadata ask for a place in VMware vCenter, but no VMware cluster is open to this "
        "server. Leave the metadata out, or choose another availability zone."
    )


def _is_unknown(wish: Wish, answer: rpc.Answer) -> bool:
    # A cluster that has the host, but not the datastore, does know the place.
    not_found = DatastoreNotFound.code if wish.host is None else HostNotFound.code
    return bool(answer["code"] == not_found)


def _bad_request(wish: Wish, refused: list[rpc.Answer]) -> webob.exc.HTTPBadRequest:
    nearest = max(refused, key=lambda answer: answer["rank"])
    cluster = nearest["cluster"]["name"]
    if _is_unknown(wish, nearest):
        what = f"ESXi host {wish.host!r}" if wish.host else f"Datastore {wish.datastore!r}"
        clusters = ", ".join(sorted({answer["cluster"]["name"] for answer in refused}))
        reason = f"{what} is in none of the VMware clusters {clusters}. Give its name exactly as vCenter "
        reason += "shows it, or its moref."
    elif nearest["code"] == DatastoreNotFound.code:
        reason = f"ESXi host {wish.host!r} and datastore {wish.datastore!r} are not connected to each other: "
        reason += f"no host of cluster {cluster} sees that datastore. Name another of the two."
    else:
        reason = f"The server cannot be put into cluster {cluster}: {nearest['reason']}."
    return webob.exc.HTTPBadRequest(explanation=reason)


def _wrong_destination(
    destination: Destination, compute: Compute, answer: rpc.Answer
) -> webob.exc.HTTPBadRequest:
    place = " and ".join(
        f"{kind} {answer[key]['name']}"
        for key, kind in (("host", "ESXi host"), ("datastore", "datastore"))
        if answer[key]
    )
    return webob.exc.HTTPBadRequest(
        explanation=f"{place} of cluster {answer['cluster']['name']} cannot be used for this server: the "
        f"cluster's compute service {compute.host} {destination.why_not(compute)}."
    )


def _unknowable(answers: Answers) -> webob.exc.HTTPServiceUnavailable:
    reasons = " ".join(part["reason"] for part in computes.unavailable(answers))
    return webob.exc.HTTPServiceUnavailable(
        explanation=f"No VMware cluster that answers knows the place, and some do not answer: {reasons} "
        "Try again later."
    )
