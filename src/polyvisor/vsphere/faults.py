"""Every error of this package, and the one table which turns what pyVmomi raises into it.

::

    VSphereError
    ├── Unavailable            no answer in time, or none that could be read; what was asked may have happened
    │   └── Unreachable        no connection, so nothing was asked: safe to repeat
    │       └── CertificateRefused
    ├── AuthenticationFailed   the account or its session was refused
    ├── PermissionDenied       the account lacks a privilege
    ├── NotFound
    ├── AlreadyExists
    ├── Busy                   another task holds the object; nothing was done: safe to repeat
    ├── InUse                  something else still uses the object
    ├── InvalidState           not now: power, connection or maintenance state, or another precondition
    ├── InvalidInput           not like this: what was asked makes no sense to vCenter
    ├── NotSupported           not here: this version, host, device or licence cannot do it
    ├── NoSpace                a datastore is full
    ├── LimitReached           CPU, memory, licence or another limit
    ├── HostUnreachable        vCenter answered, but cannot reach the ESXi host or service behind it
    ├── Cancelled              someone cancelled the request
    ├── OperationFailed        vCenter tried and failed
    ├── TaskUnknown            a task's outcome could not be asked
    │   └── TaskForgotten      vCenter does not know the task any more
    ├── TaskTimedOut           a task was still running when the caller's patience ended
    └── refusal.PlacementRefused   one class for each reason
"""

# ruff: noqa: N818 - the errors bear the names that vSphere gives to the same things

import re
from http.client import HTTPException
from ssl import SSLCertVerificationError
from typing import ClassVar
from xml.parsers.expat import ExpatError

from pyVmomi import vmodl

# The address of vCenter, as our own messages begin with it.
_SOURCE = re.compile(r"^\S+:\d+: ")


class VSphereError(Exception):
    """The base of all errors of this package.

    Attributes:
        retriable: whether the same call may be repeated as it is, because vCenter surely did nothing.
        fault: the name of vCenter's own fault, for example ``InvalidPowerState``, or None.
        reason: the message without who says so: the address of vCenter, the task.
    """

    retriable: ClassVar[bool] = False

    def __init__(self, message: str, *, fault: str | None = None, source: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.reason = _SOURCE.sub("", message.removeprefix(f"{source}: "))


class Unavailable(VSphereError):
    """vCenter gave no readable answer in time; what was asked may have happened."""


class Unreachable(Unavailable):
    """No connection to vCenter could be made, so nothing was asked."""

    retriable = True


class CertificateRefused(Unreachable):
    """The certificate of vCenter is not signed by a trusted authority, or is not made out to its name."""

    retriable = False


class AuthenticationFailed(VSphereError):
    """vCenter refused the account, or its session ended and could not be renewed."""


class PermissionDenied(VSphereError):
    """The account lacks a privilege on the object."""


class NotFound(VSphereError):
    """The object does not exist, or not any more."""


class AlreadyExists(VSphereError):
    """An object of this name or identity is already there."""


class Busy(VSphereError):
    """Another task holds the object; nothing was done."""

    retriable = True


class InUse(VSphereError):
    """Something else still uses the object."""


class InvalidState(VSphereError):
    """The object's state does not allow it now."""


class InvalidInput(VSphereError):
    """vCenter cannot make sense of what was asked."""


class NotSupported(VSphereError):
    """This version, host, device or licence cannot do it."""


class NoSpace(VSphereError):
    """The datastore has no room left."""


class LimitReached(VSphereError):
    """CPU, memory, a licence or another limit is used up."""


class HostUnreachable(VSphereError):
    """vCenter cannot reach the ESXi host or the service behind it."""


class Cancelled(VSphereError):
    """The request was cancelled."""


class OperationFailed(VSphereError):
    """vCenter tried and failed."""


class TaskUnknown(VSphereError):
    """The outcome of a task could not be asked; it may have failed, succeeded or be running still."""


class TaskForgotten(TaskUnknown):
    """VCenter does not know the task any more; it may have failed or succeeded, and runs no longer."""


class TaskTimedOut(VSphereError):
    """The task was still running when the caller's patience ended."""


# A fault takes the error of its nearest ancestor in this table, so a family needs one entry and its odd
# members one each. Each direct child of a root is listed: a family which a new pyVmomi brings must be
# classified by a person, and a test fails until that is done.
_TABLE: dict[type[VSphereError], str] = {
    Unavailable: """
        OSError HTTPException ExpatError eam.fault.EamServiceNotInitialized sms.fault.ServiceNotInitialized
        """,
    Unreachable: "ConnectionRefusedError gaierror",
    CertificateRefused: "SSLCertVerificationError",
    AuthenticationFailed: """
        vim.fault.InvalidLogin vim.fault.NotAuthenticated vim.fault.NoClientCertificate
        vim.fault.NoSubjectName vim.fault.SSPIChallenge vmodl.fault.AuthenticationRequired
        vmodl.fault.InvalidToken vmodl.fault.SessionNotFound eam.fault.InvalidLogin pbm.fault.InvalidLogin
        sms.fault.InvalidLogin sms.fault.InvalidSession sms.fault.AuthConnectionFailed
        sms.fault.IncorrectUsernamePassword
        """,
    PermissionDenied: """
        vmodl.fault.SecurityError vim.fault.NoPermission vim.fault.AuthMinimumAdminPermission
        vim.fault.DvsNotAuthorized vim.fault.GuestPermissionDenied vim.fault.InvalidGuestLogin
        vim.fault.NoPermissionOnAD vim.fault.NoPermissionOnHost vim.fault.NoPermissionOnNasVolume
        vim.fault.RestrictedByAdministrator vim.fault.DisallowedChangeByService eam.fault.NotAuthorized
        """,
    NotFound: """
        vmodl.fault.ManagedObjectNotFound vim.fault.NotFound vim.fault.CnsNotRegisteredFault
        vim.fault.CnsSnapshotNotFoundFault vim.fault.CnsVolumeNotFoundFault vim.fault.DeviceNotFound
        vim.fault.DomainNotFound vim.fault.FileNotFound vim.fault.GatewayNotFound
        vim.fault.GuestProcessNotFound vim.fault.GuestRegistryValueNotFound vim.fault.IscsiFaultVnicNotFound
        vim.fault.KeyNotFound vim.fault.LicenseEntityNotFound vim.fault.NoDiskFound vim.fault.NoGateway
        vim.fault.NoHost vim.fault.NoVirtualNic vim.fault.OvfDiskMappingNotFound
        vim.fault.PatchBinariesNotFound vim.fault.PatchMetadataNotFound vim.fault.UnrecognizedHost
        vim.fault.UserNotFound pbm.fault.NotFound pbm.fault.NonExistentHubs sms.fault.ProviderNotFound
        sms.fault.replication.NoReplicationTarget sms.fault.replication.NoValidReplica
        """,
    AlreadyExists: """
        vim.fault.AlreadyExists vim.fault.DuplicateName vim.fault.AlreadyBeingManaged
        vim.fault.AlreadyConnected vim.fault.CnsAlreadyRegisteredFault
        vim.fault.CnsVolumeAlreadyExistsFault vim.fault.ConflictingDatastoreFound
        vim.fault.FileAlreadyExists vim.fault.GuestRegistryKeyAlreadyExists vim.fault.VmWwnConflict
        vim.fault.VmAlreadyExistsInDatacenter vim.fault.VmfsAlreadyMounted pbm.fault.AlreadyExists
        pbm.fault.DuplicateName sms.fault.DuplicateEntry
        """,
    Busy: """
        vim.fault.TaskInProgress vim.fault.ConcurrentAccess vim.fault.CustomizationPending
        vim.fault.FailToLockFaultToleranceVMs vim.fault.ReplicationVmInProgressFault
        vim.fault.SnapshotLocked vim.fault.StorageDrsHmsMoveInProgress
        vim.fault.TooManyConcurrentNativeClones vim.fault.ToolsInstallationInProgress
        vim.fault.VAppOperationInProgress sms.fault.ProviderBusy sms.fault.SyncInProgress
        sms.fault.replication.SyncOngoing vslm.fault.SyncFault
        """,
    InUse: """
        vim.fault.ResourceInUse vim.fault.DirectoryNotEmpty vim.fault.FileLocked
        vim.fault.IscsiFaultPnicInUse vim.fault.IscsiFaultVnicInUse vim.fault.LegacyNetworkInterfaceInUse
        vim.fault.MethodAlreadyDisabledFault vim.fault.VMOnConflictDVPort pbm.fault.ResourceInUse
        """,
    InvalidState: """
        vim.fault.InvalidState vim.fault.AlreadyUpgraded vim.fault.CannotAccessLocalSource
        vim.fault.CannotAccessVmComponent vim.fault.CannotDisableDrsOnClustersWithVApps
        vim.fault.CannotDisconnectHostWithFaultToleranceVm vim.fault.CannotEnableVmcpForCluster
        vim.fault.CannotMoveFaultToleranceVm vim.fault.CannotMoveHostWithFaultToleranceVm
        vim.fault.CannotPlaceWithoutPrerequisiteMoves vim.fault.DasConfigFault
        vim.fault.DisallowedOperationOnFailoverHost vim.fault.DrsDisabledOnVm vim.fault.EVCConfigFault
        vim.fault.FaultToleranceVmNotDasProtected vim.fault.GuestOperationsFault
        vim.fault.HostHasComponentFailure vim.fault.HostPowerOpFailed vim.fault.InaccessibleVFlashSource
        vim.fault.InvalidDatastore vim.fault.InventoryHasStandardAloneHosts vim.fault.MethodDisabled
        vim.fault.MigrationFault vim.fault.NamespaceWriteProtected vim.fault.NoCompatibleDatastore
        vim.fault.NoCompatibleHost vim.fault.NoConnectedDatastore vim.fault.OperationDisallowedOnHost
        vim.fault.QuarantineModeFault vim.fault.RebootRequired vim.fault.RecordReplayDisabled
        vim.fault.SnapshotFault vim.fault.SsdDiskNotAvailable
        vim.fault.StorageDrsCannotMoveDiskInMultiWriterMode vim.fault.StorageDrsCannotMoveFTVm
        vim.fault.StorageDrsCannotMoveIndependentDisk
        vim.fault.StorageDrsCannotMoveManuallyPlacedSwapFile
        vim.fault.StorageDrsCannotMoveManuallyPlacedVm vim.fault.StorageDrsCannotMoveSharedDisk
        vim.fault.StorageDrsCannotMoveTemplate vim.fault.StorageDrsCannotMoveVmInUserFolder
        vim.fault.StorageDrsCannotMoveVmWithMountedCDROM
        vim.fault.StorageDrsCannotMoveVmWithNoFilesInLayout
        vim.fault.StorageDrsDatacentersCannotShareDatastore vim.fault.StorageDrsDisabledOnVm
        vim.fault.StorageDrsHbrDiskNotMovable vim.fault.StorageDrsIolbDisabledInternally
        vim.fault.StorageDrsRelocateDisabled vim.fault.StorageDrsStaleHmsCollection
        vim.fault.SwapDatastoreUnset vim.fault.TooManyConsecutiveOverrides vim.fault.ToolsUnavailable
        vim.fault.VAppConfigFault vim.fault.VAppNotRunning vim.fault.VmFaultToleranceIssue
        vim.fault.VsanNodeNotMaster eam.fault.EamAppFault
        """,
    InvalidInput: """
        vmodl.fault.InvalidArgument vmodl.fault.InvalidRequest vmodl.query.InvalidProperty
        vmodl.query.InvalidCollectorVersion vim.fault.CustomizationFault vim.fault.DiskTooSmall
        vim.fault.DvsFault vim.fault.FileNameTooLong vim.fault.FileTooLarge vim.fault.IncorrectFileType
        vim.fault.InvalidAffinitySettingFault vim.fault.InvalidBmcRole vim.fault.InvalidDatastorePath
        vim.fault.InvalidEvent vim.fault.InvalidFolder vim.fault.InvalidHostName
        vim.fault.InvalidIpmiLoginInfo vim.fault.InvalidIpmiMacAddress vim.fault.InvalidLicense
        vim.fault.InvalidLocale vim.fault.InvalidName vim.fault.InvalidPrivilege
        vim.fault.InvalidProfileReferenceHost vim.fault.InvalidScheduledTask vim.fault.MismatchedBundle
        vim.fault.NotADirectory vim.fault.NotAFile vim.fault.OutOfBounds vim.fault.OvfFault
        vim.fault.PatchMetadataInvalid vim.fault.VmConfigFault vim.fault.VmValidateMaxDevice
        eam.fault.InvalidAgencyScope eam.fault.InvalidAgentConfiguration eam.fault.InvalidUrl
        eam.fault.InvalidVibPackage pbm.fault.CompatibilityCheckFault sms.fault.InvalidProfile
        sms.fault.InvalidUrl
        """,
    NotSupported: """
        vmodl.fault.NotSupported vmodl.fault.NotImplemented vmodl.fault.MethodNotFound
        vim.fault.CloneFromSnapshotNotSupported vim.fault.CpuHotPlugNotSupported
        vim.fault.DeltaDiskFormatNotSupported vim.fault.DeviceHotPlugNotSupported
        vim.fault.DeviceUnsupportedForVmPlatform vim.fault.DeviceUnsupportedForVmVersion
        vim.fault.DiskMoveTypeNotSupported vim.fault.HostIncompatibleForRecordReplay
        vim.fault.IORMNotSupportedHostOnDatastore vim.fault.IncompatibleHostForVmReplication
        vim.fault.LargeRDMConversionNotSupported vim.fault.LargeRDMNotSupportedOnDatastore
        vim.fault.MemoryHotPlugNotSupported vim.fault.MigrationFeatureNotSupported
        vim.fault.MissingBmcSupport vim.fault.MultipleSnapshotsNotSupported vim.fault.NotSupportedHost
        vim.fault.NotSupportedHostForChecksum vim.fault.OvfUnsupportedPackage vim.fault.PatchNotApplicable
        vim.fault.RDMConversionNotSupported vim.fault.RDMNotSupportedOnDatastore
        vim.fault.ReplicationNotSupportedOnHost vim.fault.RestrictedVersion
        vim.fault.SnapshotCopyNotSupported vim.fault.SnapshotIncompatibleDeviceInVm
        vim.fault.SuspendedRelocateNotSupported vim.fault.UnsupportedDatastore
        vim.fault.UnsupportedGuest vim.fault.UnsupportedVimApiVersion vim.fault.UnsupportedVmxLocation
        vim.fault.VFlashModuleNotSupported vim.fault.VFlashModuleVersionIncompatible
        vim.fault.VMotionNotLicensed vim.fault.VMotionNotSupported
        vim.fault.VirtualHardwareCompatibilityIssue vim.fault.VmMonitorIncompatibleForFaultTolerance
        pbm.fault.LegacyHubsNotSupported sms.fault.MultipleSortSpecsNotSupported
        sms.fault.NotSupportedByProvider sms.fault.QueryNotSupported
        """,
    NoSpace: """
        vim.fault.NoDiskSpace vim.fault.InsufficientStorageSpace vim.fault.NamespaceFull
        sms.fault.ProviderOutOfProvisioningResource sms.fault.ProviderOutOfResource
        """,
    LimitReached: """
        vim.fault.InsufficientResourcesFault vim.fault.InsufficientStorageIops vim.fault.LimitExceeded
        vim.fault.ResourceNotAvailable vim.fault.DestinationSwitchFull vim.fault.EightHostLimitViolated
        vim.fault.LicenseAssignmentFailed vim.fault.LicenseServerUnavailable
        vim.fault.MksConnectionLimitReached vim.fault.NamespaceLimitReached
        vim.fault.NasConnectionLimitReached vim.fault.NotEnoughCpus vim.fault.OvfNoSpaceOnController
        vim.fault.ThirdPartyLicenseAssignmentFailed vim.fault.TooManyDevices vim.fault.TooManyGuestLogons
        vim.fault.TooManyHosts vim.fault.TooManyNativeCloneLevels vim.fault.TooManyNativeClonesOnFile
        vim.fault.TooManySnapshotLevels vmodl.fault.NotEnoughLicenses sms.fault.TooMany
        """,
    HostUnreachable: """
        vmodl.fault.HostCommunication vim.fault.HostConnectFault vim.fault.NetworkInaccessible
        vim.fault.StorageDrsHmsUnreachable eam.fault.NoConnectionToVCenter sms.fault.InactiveProvider
        sms.fault.ProviderConnectionFailed sms.fault.ProviderUnavailable
        sms.fault.replication.PeerNotReachable
        """,
    Cancelled: "vmodl.fault.RequestCanceled vim.fault.ToolsUpgradeCancelled",
    OperationFailed: """
        vmodl.MethodFault vmodl.RuntimeFault vmodl.LocalizedMethodFault vmodl.fault.SystemError
        vmodl.fault.UnexpectedFault vim.fault.VimFault vim.fault.ActiveDirectoryFault
        vim.fault.AnswerFileUpdateFailed
        vim.fault.CnsFault vim.fault.DatabaseError vim.fault.ExtendedFault vim.fault.FcoeFault
        vim.fault.FileFault vim.fault.GenericDrsFault vim.fault.HostConfigFault
        vim.fault.HostSpecificationOperationFailed vim.fault.HttpFault vim.fault.IscsiFault
        vim.fault.LogBundlingFailed vim.fault.NetworkDisruptedAndConfigRolledBack
        vim.fault.ProfileUpdateFailed vim.fault.RemoveFailed vim.fault.ReplicationFault
        vim.fault.ShrinkDiskFault vim.fault.StorageDrsUnableToMoveFiles vim.fault.Timedout
        vim.fault.VmMetadataManagerFault vim.fault.VmToolsUpgradeFault vim.fault.VsanFault
        vim.fault.WipeDiskFault eam.fault.EamFault eam.fault.EamRuntimeFault eam.fault.EamIOFault
        eam.fault.EamSystemFault pbm.fault.PBMFault pbm.fault.ProfileStorageFault
        sms.fault.CertificateRefreshFailed sms.fault.CertificateRevocationFailed
        sms.fault.ProviderRegistrationFault sms.fault.ProviderSyncFailed
        sms.fault.ProviderUnregistrationFault sms.fault.ProxyRegistrationFailed
        sms.fault.QueryExecutionFault sms.fault.SmsFault sms.fault.replication.ReplicationFault
        vslm.fault.VslmFault
        """,
}
ERROR_BY_NAME = {name: error for error, names in _TABLE.items() for name in names.split()}
TRANSLATED = (vmodl.MethodFault, OSError, HTTPException, ExpatError)
"""What pyVmomi raises when the world fails; anything else is a mistake in the calling code."""

# What a fault names beside its text. An allowlist, because a fault may also carry what was sent to vCenter.
_TELLING = ("invalidProperty", "name", "file", "object", "obj", "privilegeId", "reason", "datastore")


def translate(exc: BaseException, *, source: str = "vCenter") -> VSphereError:
    """Turn what pyVmomi, its sockets or its parser raised into an error of this package.

    The caller raises the result ``from exc``, so the original stays at hand as its cause.

    Args:
        exc: any exception; one which the table does not know becomes OperationFailed.
        source: names the vCenter in the message.
    """
    if isinstance(exc, VSphereError):
        return exc
    error = next(
        (ERROR_BY_NAME[base.__name__] for base in type(exc).__mro__ if base.__name__ in ERROR_BY_NAME),
        OperationFailed,
    )
    name = type(exc).__name__.rpartition(".")[2]
    if isinstance(exc, vmodl.MethodFault):
        return error(f"{source}: {_describe(exc, name)}", fault=name, source=source)
    return error(f"{source}: {_explain(exc, name)}", source=source)


def _describe(fault: vmodl.MethodFault, name: str) -> str:
    """vCenter's own words first: administrators search for them."""
    details = [f"{key}={value}" for key in _TELLING if (value := getattr(fault, key, None))]
    return " ".join(filter(None, [fault.msg, f"({', '.join([name, *details])})"]))


def _explain(exc: BaseException, name: str) -> str:
    if isinstance(exc, SSLCertVerificationError):
        return f"its certificate is not trusted ({exc.verify_message}); name the CA that signed it in ca_file"
    if isinstance(exc, TimeoutError):
        return "no answer in time"
    return f"{exc} ({name})" if str(exc) else name
