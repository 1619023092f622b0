"""A name of a project that is nobody's, or of two, would be found out in the middle of the work."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found


def _find(context: Context) -> Iterator[Found]:
    if not context.cloud.asked:
        return
    for subject in context.subjects:
        project = subject.server.project
        if project and context.cloud.project_id(project) is None:
            yield Found(subject.server.id, f"Project {project} does not exist, or several have that name.")
    for name, network in context.networks.items():
        if network.project and context.cloud.project_id(network.project) is None:
            yield Found(name, f"Project {network.project} does not exist, or several have that name.")


CHECK = Check(
    severity="blocks",
    title="unknown project",
    way_out="Make the project, correct its name in the rules or the plan, or give its id.",
    find=_find,
)
