from nova.objects import fields

from polyvisor.nova import task_states


def test_versioned_notifications_carry_them() -> None:
    task_states.register()
    task_states.register()
    field = fields.InstanceTaskStateField()
    assert all(field.coerce(None, "task_state", state) == state for state in task_states.ALL)
    assert all(state.startswith(task_states.PREFIX) for state in task_states.ALL)
