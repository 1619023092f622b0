"""Without its addresses, a port would say something else than the guest, or nothing."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for port in subject.server.made_ports:
            if port.addresses is None:
                says = say("address_unknown", mac=port.mac)
                yield Found(subject.server.id, says, f"nic {port.nic}")


CHECK = Check(
    # Decided by giving addresses, not by accepting: `verdict` asks for them.
    severity="note",
    title="address unknown",
    way_out='Give the addresses in the addresses file, or at "addresses" of the port in the plan ([] for '
    "none): the VM is left alone until then.",
    find=_find,
)
