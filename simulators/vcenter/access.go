package main

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ticketCookie carries a ticket for one request, see SessionManager.AcquireGenericServiceTicket.
const ticketCookie = "vmware_cgi_ticket"

// access guards the datastores' files: they are for who has a session, a ticket for just this request, or the
// credentials at hand.
type access struct {
	methodSet
	manager            *simulator.SessionManager
	ctx                *simulator.Context
	username, password string

	mutex   sync.Mutex
	tickets map[string]*types.SessionManagerHttpServiceRequestSpec
}

func newAccess(i *inventory, username, password string) *access {
	return &access{
		methodSet: newMethodSet(types.ManagedObjectReference{Type: "MethodSet", Value: "SessionManager"}),
		manager:   i.registry().SessionManager(), ctx: i.ctx, username: username, password: password,
		tickets: map[string]*types.SessionManagerHttpServiceRequestSpec{},
	}
}

// register serves the files. The three patterns are needed to come before govmomi's, which lets anyone in.
func (a *access) register(mux *http.ServeMux, files http.HandlerFunc) {
	basic := authenticated(a.username, a.password, files)
	for _, pattern := range []string{"/folder/{$}", "/folder/{file}", "/folder/{directory}/{path...}"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if a.hasSession(r) || a.hasTicket(r) {
				files(w, r)
				return
			}
			basic.ServeHTTP(w, r)
		})
	}
}

func (a *access) hasSession(r *http.Request) bool {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return false
	}
	body := a.manager.SessionIsActive(a.ctx, &types.SessionIsActive{SessionID: cookie.Value, UserName: a.username})
	return body.(*methods.SessionIsActiveBody).Res.Returnval
}

// hasTicket takes the ticket: it is good once.
func (a *access) hasTicket(r *http.Request) bool {
	cookie, err := r.Cookie(ticketCookie)
	if err != nil {
		return false
	}
	a.mutex.Lock()
	spec := a.tickets[cookie.Value]
	delete(a.tickets, cookie.Value)
	a.mutex.Unlock()
	return spec != nil && isFor(spec, r)
}

// isFor compares what a ticket was acquired for with a request. Only path and query of the URL count. The method
// is "httpPut" in the API, and "PUT" from Nova.
func isFor(spec *types.SessionManagerHttpServiceRequestSpec, r *http.Request) bool {
	if spec.Method != "" && !strings.EqualFold(strings.TrimPrefix(spec.Method, "http"), r.Method) {
		return false
	}
	u, err := url.Parse(spec.Url)
	return err == nil && u.Path == r.URL.Path && u.Query().Encode() == r.URL.Query().Encode()
}

// AcquireGenericServiceTicket remembers what the ticket is for.
func (a *access) AcquireGenericServiceTicket(
	_ *simulator.Context, req *types.AcquireGenericServiceTicket,
) soap.HasFault {
	spec, isHTTP := req.Spec.(*types.SessionManagerHttpServiceRequestSpec)
	if !isHTTP {
		return &methods.AcquireGenericServiceTicketBody{
			Fault_: refusal(&types.InvalidArgument{InvalidProperty: "spec"}),
		}
	}
	body := a.manager.AcquireGenericServiceTicket(req).(*methods.AcquireGenericServiceTicketBody)
	a.mutex.Lock()
	a.tickets[body.Res.Returnval.Id] = spec
	a.mutex.Unlock()
	return body
}
