"""A name of a project that is nobody's, or of two, would be found out in the middle of the work."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    if not context.cloud.asked:
        return
    for subject in context.subjects:
        project = subject.server.project
        if project and context.cloud.project_id(project) is None:
            yield Found(subject.server.id, say("project_unknown", project=project))
    for name, network in context.networks.items():
        if network.project and context.cloud.project_id(network.project) is None:
            yield Found(name, say("project_unknown", project=network.project))


CHECK = Check(
    severity="blocks",
    title="unknown project",
    way_out="Make the project, correct its name in the rules or the plan, or give its id.",
    find=_find,
)
