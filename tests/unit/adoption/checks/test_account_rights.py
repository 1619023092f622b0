from tests.unit.adoption.builders import VCENTER, examine, vm


def test_it_says_which_and_where() -> None:
    missing = {"/dc1/vm/shop": ("VirtualMachine.Config.Settings",)}
    [(about, finding)] = examine("account-rights", vm(1), missing_privileges=missing)
    assert about == VCENTER
    assert finding.says == "Account someone lacks on /dc1/vm/shop: VirtualMachine.Config.Settings."
    assert examine("account-rights", vm(1)) == []
