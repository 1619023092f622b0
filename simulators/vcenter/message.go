package main

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// message is what vCenter's English catalogue says of a fault, for those that people will read in a log.
func message(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.AlreadyExists:
		return fmt.Sprintf("The specified key, name, or identifier '%s' already exists.", f.Name)
	case *types.CannotAccessNetwork:
		return fmt.Sprintf("Currently connected network interface '%s' uses network '%s', which is not accessible.",
			f.Device, f.Backing)
	case *types.CannotAccessVmConfig:
		return "Unable to access the virtual machine configuration: " + f.Reason.LocalizedMessage
	case *types.CannotAccessVmDisk:
		return fmt.Sprintf("Virtual disk '%s' is not accessible on the host: %s", f.Device, f.Fault.LocalizedMessage)
	case *types.ConcurrentAccess:
		return "The object or item referred to could not be changed because it was changed by another session."
	case *types.CustomizationFault:
		return "Customization of the guest operating system is not supported due to the given reason: " +
			"Tools is not installed in the GuestVM."
	case *types.DuplicateName:
		return fmt.Sprintf("The name '%s' already exists.", f.Name)
	case *types.FileAlreadyExists:
		return fmt.Sprintf("Cannot complete the operation because the file or folder %s already exists", f.File)
	case *types.FileNotFound:
		return fmt.Sprintf("File %s was not found", f.File)
	case *types.HostNotConnected:
		return "Unable to communicate with the remote host, since it is disconnected."
	case *types.InaccessibleDatastore:
		return fmt.Sprintf("Unable to access the datastore '%s'.", f.Name)
	case *types.InvalidArgument:
		return "A specified parameter was not correct: " + f.InvalidProperty
	case *types.InvalidDatastore:
		return fmt.Sprintf("Invalid datastore '%s'.", f.Name)
	case *types.InvalidDatastorePath:
		return fmt.Sprintf("Invalid datastore path '%s'.", f.DatastorePath)
	case *types.InvalidDatastoreState:
		return fmt.Sprintf("The operation is not allowed in the current state of datastore '%s'.", f.DatastoreName)
	case *types.InvalidDeviceSpec:
		return fmt.Sprintf("Invalid configuration for device '%d'.", f.DeviceIndex)
	case *types.InvalidName:
		return fmt.Sprintf("The name '%s' is invalid.", f.Name)
	case *types.InvalidPowerState:
		return fmt.Sprintf("The attempted operation cannot be performed in the current state (%s).", f.ExistingState)
	case *types.InvalidState:
		return "The operation is not allowed in the current state."
	case *types.ManagedObjectNotFound:
		return fmt.Sprintf("The object '%s:%s' has already been deleted or has not been completely created",
			f.Obj.Type, f.Obj.Value)
	case *types.MemorySnapshotOnIndependentDisk:
		return "Cannot take a memory snapshot, since the virtual machine is configured with independent disks."
	case *types.NoDiskSpace:
		return fmt.Sprintf("Insufficient disk space on datastore '%s'.", f.Datastore)
	case *types.NotFound:
		return "The object or item referred to could not be found."
	case *types.ResourceInUse:
		return fmt.Sprintf("The resource '%s' is in use.", f.Name)
	case *types.NotSupported:
		return "The operation is not supported on the object."
	case *types.RequestCanceled:
		return "The task was canceled by a user."
	case *types.TaskInProgress:
		return "Another task is already in progress."
	case *types.TooManySnapshotLevels:
		return "Snapshot hierarchy is too deep."
	case *types.Timedout:
		return "Operation timed out."
	}
	return "A general system error occurred: " + reflect.TypeOf(fault).Elem().Name()
}

// refusal is a fault of a call, in words.
func refusal(fault types.BaseMethodFault) *soap.Fault { return simulator.Fault(message(fault), fault) }
