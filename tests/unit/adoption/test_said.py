"""Messages come out of a plan as they went in."""

import json

from pydantic import TypeAdapter

from polyvisor.adoption.message import say
from polyvisor.adoption.said import Said, Told

TOLD: TypeAdapter[tuple[Said, ...]] = TypeAdapter(tuple[Told, ...])


def test_a_message_is_kept_with_those_that_it_is_made_of() -> None:
    several = say("name_of_others", name="web", others=[say("a_vm", vm="v"), say("a_server", server="s")])
    nested = say("of_nic", reason=say("wants_mac"), nic=4000)
    kept = [Said.of(one).model_dump(mode="json") for one in (several, nested)]
    assert [one.message for one in TOLD.validate_json(json.dumps(kept))] == [several, nested]


def test_a_text_alone_is_said_as_it_is() -> None:
    [found] = TOLD.validate_json('["no flavor"]')
    assert found.message == say("as_said", text="no flavor")


def test_what_could_control_a_terminal_is_not_kept() -> None:
    found = Said.of(say("is_server", server="s", name="\x1b[2J"))
    assert (found.says, found.params["name"]) == ("It is server s (?[2J) already.", "?[2J")
