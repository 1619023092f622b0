"""The beginning of long work on one server: what Nova's own API does for its own actions."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nova import exception
from nova.api.openstack import common
from nova.compute import api as compute_api
from nova.compute import utils as compute_utils
from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.objects.instance_action import InstanceAction
from oslo_utils import excutils
from webob import exc

from polyvisor.nova.api import computes


@dataclass(frozen=True, slots=True)
class Claim:
    """What an action claims a server for.

    :ivar action: the name of the REST action, which becomes that of Nova's instance action.
    :ivar noun: the event of the action is ``polyvisor_<noun>``.
    :ivar task_state: what the server is in until the work has ended.
    :ivar vm_states: those that allow it.
    """

    action: str
    noun: str
    task_state: str
    vm_states: Collection[str]


@contextmanager
def begin(context: RequestContext, server: Instance, claim: Claim) -> Iterator[RequestContext]:
    """Claim a server for one action, and give the context of its cell, in which the work is to be cast.

    If the block fails, the claim is undone, and the action has failed. Otherwise `polyvisor.nova.compute.
    operation` gives the server back when the work has ended.

    :raises webob.exc.HTTPConflict: the server is locked, in another state, busy, or not on a vCenter.
    :raises webob.exc.HTTPServiceUnavailable: its compute service is down.
    """
    compute = computes.managing(context, server)
    if not compute.up:
        raise exc.HTTPServiceUnavailable(
            explanation=f"The compute service of server {server.uuid} is down. Try again when it is up."
        )
    with conflicts(claim.action, server), server.obj_alternate_context(compute.cell):
        _allow(context, server, claim)
        server.task_state = claim.task_state
        server.progress = 0
        server.save(expected_vm_state=list(claim.vm_states), expected_task_state=[None])
    try:
        InstanceAction.action_start(compute.cell, server.uuid, claim.action, want_result=False)
        event = f"polyvisor_{claim.noun}_request"
        with compute_utils.EventReporter(compute.cell, event, None, server.uuid):
            yield compute.cell
    except Exception:  # noqa: BLE001 - raised again
        with excutils.save_and_reraise_exception(), server.obj_alternate_context(compute.cell):
            server.task_state = None
            server.save(expected_task_state=[claim.task_state])


def _allow(context: RequestContext, server: Instance, claim: Claim) -> None:
    def allowed(_api: None, _context: RequestContext, _server: Instance) -> None:
        """Stand for the method that Nova's decorators guard; its name is in their messages."""

    allowed.__name__ = claim.action
    guarded = compute_api.check_instance_state(vm_state=set(claim.vm_states), task_state=[None])(allowed)
    compute_api.check_instance_lock(guarded)(None, context, server)


@contextmanager
def conflicts(action: str, server: Instance) -> Iterator[None]:
    """Turn what Nova's API raises for a server that is locked, busy or in another state into a 409."""
    try:
        yield
    except exception.InstanceIsLocked as error:
        raise exc.HTTPConflict(explanation=error.format_message()) from error
    except exception.InstanceInvalidState as error:
        common.raise_http_conflict_for_instance_invalid_state(error, action, server.uuid)
    except exception.InstanceUpdateConflict as error:
        # Somebody else was quicker.
        raise exc.HTTPConflict(explanation=error.format_message()) from error
