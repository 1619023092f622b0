"""Nova allows several servers of one name, but people and scripts look servers up by name."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say
from polyvisor.message import Message


def _find(context: Context) -> Iterator[Found]:
    users: dict[tuple[str | None, str], list[Message]] = defaultdict(list)
    for item in context.cloud.servers:
        users[item.project, item.name].append(say("a_server", server=item.id))
    keyed = []
    for subject in context.subjects:
        project = subject.server.project
        key = (context.cloud.project_id(project) or project) if project else None, subject.server.server
        users[key].append(say("a_vm", vm=subject.server.id))
        keyed.append((subject, key))
    for subject, key in keyed:
        itself = say("a_vm", vm=subject.server.id)
        others = [user for user in users[key] if user != itself]
        if others:
            yield Found(subject.server.id, say("name_of_others", name=key[1], others=others))


CHECK = Check(
    severity="note",
    title="duplicate name",
    way_out='None needed; say another name at "server" in the plan to tell them apart. The VM is not '
    "renamed.",
    find=_find,
)
