package main

import (
	"crypto/sha1"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// consolePort is where ESXi serves consoles.
const consolePort = 443

// AcquireTicket says where a running VM's console is. Nothing answers there: hosts are names only.
func (m *vmMethods) AcquireTicket(ctx *simulator.Context, req *types.AcquireTicket) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	body := &methods.AcquireTicketBody{}
	ctx.WithLock(vm, func() {
		kind := types.VirtualMachineTicketType(req.TicketType)
		switch {
		case kind != types.VirtualMachineTicketTypeMks && kind != types.VirtualMachineTicketTypeWebmks:
			body.Fault_ = refusal(&types.InvalidArgument{InvalidProperty: "ticketType"})
			return
		case vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn:
			body.Fault_ = refusal(&types.InvalidState{})
			return
		}
		host := get[*simulator.HostSystem](ctx.Map, *vm.Runtime.Host)
		ticket := types.VirtualMachineTicket{
			Ticket: uuid.NewString(), CfgFile: vm.Config.Files.VmPathName, Host: host.Name, Port: consolePort,
			SslThumbprint: thumbprint(host.Name),
		}
		if kind == types.VirtualMachineTicketTypeWebmks {
			ticket.Url = fmt.Sprintf("wss://%s:%d/ticket/%s", ticket.Host, ticket.Port, ticket.Ticket)
		}
		body.Res = &types.AcquireTicketResponse{Returnval: ticket}
	})
	return body
}

// thumbprint stands for that of the host's certificate.
func thumbprint(host string) string {
	sum := sha1.Sum([]byte(host))
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
