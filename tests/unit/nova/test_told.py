"""The owner of a server learns the reason; addresses and names of tasks are for administrators."""

import pytest
from pyVmomi import vim

from polyvisor.nova import errors, told
from polyvisor.vsphere import faults


def full() -> faults.VSphereError:
    fault = vim.fault.NoDiskSpace(msg="Insufficient disk space on datastore.", datastore="shared1")
    return faults.translate(fault, source="192.0.2.1:443: task task-7 (VirtualMachine.relocate)")


WORDS = "Insufficient disk space on datastore. (NoDiskSpace, datastore=shared1)"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (full(), WORDS),
        (errors.VCenterRefused(vcenter="192.0.2.1", host="compute1", reason=full()), WORDS),
        (errors.VCenterUnavailable(vcenter="192.0.2.1", host="c", reason="x"), "vCenter is not available"),
        (faults.Unreachable("192.0.2.1:443: refused"), "vCenter is not available"),
        (faults.NotFound("192.0.2.1:443: there is no such host"), "there is no such host"),
        (errors.SnapshotRefused(reason="Two\nlines."), "Two lines."),
        (RuntimeError("password"), "RuntimeError"),
    ],
)
def test_reasons(error: Exception, words: str) -> None:
    assert told.reason(error) == words


def test_the_reason_is_the_first_line_of_the_details() -> None:
    error = full()
    details = told.write(f"host esx1 to esx2: {error}", error)
    assert details.endswith("\nhost esx1 to esx2: 192.0.2.1:443: task task-7 (VirtualMachine.relocate):")
    assert details.count("Insufficient") == 1
    assert told.read(details) == WORDS
    assert told.read("host esx1 to esx2") is None
    assert told.read(told.write("x", faults.NotFound("word " * 100))[:255]) == "word " * 39 + "..."
