"""Every fault that pyVmomi knows has an error that a person chose for it."""

import socket
import ssl
from http.client import BadStatusLine, HTTPException, RemoteDisconnected
from typing import Any
from xml.parsers.expat import ExpatError

import pytest
from pyVmomi import VmomiSupport, eam, pbm, sms, vim, vmodl, vslm  # noqa: F401 - each brings its faults

from polyvisor.vsphere import faults
from polyvisor.vsphere.faults import ERROR_BY_NAME, VSphereError, translate

# What says nothing more than that something went wrong. Only the roots themselves may end here.
ROOTS = {"vmodl.MethodFault", "vmodl.RuntimeFault", "vmodl.LocalizedMethodFault", "vim.fault.VimFault"}


def known_faults() -> list[Any]:
    types = map(VmomiSupport.GetVmodlType, VmomiSupport.ListDataTypes())
    return [kind for kind in types if issubclass(kind, vmodl.MethodFault)]


def entry_of(fault: type) -> str:
    return next(base.__name__ for base in fault.__mro__ if base.__name__ in ERROR_BY_NAME)


def test_pyvmomi_knows_as_many_faults_as_expected() -> None:
    """Guards the test below: a walk that finds nothing would pass it."""
    assert len(known_faults()) > 700


def test_no_fault_is_left_to_a_root() -> None:
    unclassified = {kind.__name__ for kind in known_faults() if entry_of(kind) in ROOTS} - ROOTS
    assert unclassified == set()


def test_table_names_only_faults_that_exist() -> None:
    known = {kind.__name__ for kind in known_faults()}
    assert {name for name in ERROR_BY_NAME if "." in name} - known == set()


def test_table_names_each_fault_once() -> None:
    names = " ".join(faults._TABLE.values()).split()
    assert sorted(names) == sorted(ERROR_BY_NAME)


@pytest.mark.parametrize("kind", known_faults(), ids=lambda kind: kind.__name__)
def test_translation_of_each_fault(kind: Any) -> None:
    error = translate(kind(msg="Vendor text."))
    assert type(error) is ERROR_BY_NAME[entry_of(kind)]
    assert "Vendor text." in str(error)
    assert error.fault == kind.__name__.rpartition(".")[2]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (vim.fault.NotAuthenticated(), faults.AuthenticationFailed),
        (vim.fault.NoPermission(), faults.PermissionDenied),
        (vim.fault.TaskInProgress(), faults.Busy),
        (vim.fault.FileLocked(), faults.InUse),
        (vim.fault.FileFault(), faults.OperationFailed),
        (vim.fault.InvalidDatastorePath(), faults.InvalidInput),
        (vim.fault.InaccessibleDatastore(), faults.InvalidState),
        (vmodl.fault.HostNotConnected(), faults.HostUnreachable),
        (TimeoutError(), faults.Unavailable),
        (ConnectionRefusedError(111, "Connection refused"), faults.Unreachable),
        (ConnectionResetError(104, "Connection reset"), faults.Unavailable),
        (RemoteDisconnected("closed"), faults.Unavailable),
        (BadStatusLine("x"), faults.Unavailable),
        (HTTPException("503 Service Unavailable"), faults.Unavailable),
        (ExpatError("not well-formed"), faults.Unavailable),
        (socket.gaierror(-2, "Name or service not known"), faults.Unreachable),
        (ssl.SSLEOFError("EOF"), faults.Unavailable),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_nearest_entry_wins(raised: BaseException, expected: type[VSphereError]) -> None:
    assert type(translate(raised)) is expected


def test_an_error_of_ours_stays_itself() -> None:
    error = faults.NotFound("gone")
    assert translate(error) is error


def test_message_names_source_words_fault_and_details() -> None:
    fault = vmodl.fault.InvalidArgument(
        msg="A specified parameter was not correct.", invalidProperty="spec.host"
    )
    assert str(translate(fault, source="vCenter v1:443")) == (
        "vCenter v1:443: A specified parameter was not correct. (InvalidArgument, invalidProperty=spec.host)"
    )


def test_message_of_a_certificate_names_the_way_out() -> None:
    raised = ssl.SSLCertVerificationError(1, "certificate verify failed")
    raised.verify_message = "self-signed certificate"
    error = translate(raised)
    assert isinstance(error, faults.CertificateRefused)
    assert "self-signed certificate" in str(error)
    assert "ca_file" in str(error)


def test_what_was_sent_does_not_show() -> None:
    fault = vim.fault.InvalidPropertyValue(msg="Invalid.", value="hunter2")
    assert "hunter2" not in str(translate(fault))


def test_retriable_is_only_what_surely_did_nothing() -> None:
    errors = [getattr(faults, name) for name in dir(faults)]
    retriable = {e for e in errors if isinstance(e, type) and issubclass(e, VSphereError) and e.retriable}
    assert retriable == {faults.Unreachable, faults.Busy}
