from polyvisor.neutron.port_group import Network, owner
from polyvisor.vsphere.port_group import PortGroup

ID = "6a866f76-99c3-4f82-a8c9-79182258c3b5"


def group(description: str) -> PortGroup:
    return PortGroup("dvportgroup-1", "dvportgroup-1", "any", "dvs-1", 100, description)


def test_the_name_is_made_of_the_uuid_alone() -> None:
    assert Network(ID, 100, 1500, "cloud").group_name == f"os-{ID}"


def test_a_deployment_knows_its_own_by_the_description() -> None:
    assert owner(group(Network(ID, 100, 1500, "my.cloud").group_description), "my.cloud") == ID


def test_anything_else_is_not_its_own() -> None:
    mark = Network(ID, 100, 1500, "my.cloud").group_description
    for description in ("", f"os-{ID}", mark + " edited", "x" + mark, mark.replace(ID, "another")):
        assert owner(group(description), "my.cloud") is None
    assert owner(group(mark), "my-cloud") is None
    assert owner(group(mark), "my") is None
