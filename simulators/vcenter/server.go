package main

import (
	"bytes"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"

	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator" // tags, over REST
)

// vCenter is one running simulator.
type vCenter struct {
	inventory *inventory
	server    *simulator.Server
}

func newVCenter(o options, password string) (*vCenter, error) {
	certificate, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert, -tls-key: %w", err)
	}
	if err := canListen(o.listen); err != nil {
		return nil, err
	}
	rules, err := newFaults(o.faultsFile, o.inventory.seed)
	if err != nil {
		return nil, err
	}
	inv, err := newInventory(o.inventory)
	if err != nil {
		return nil, err
	}
	s := inv.service
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.Listen = &url.URL{Host: o.listen, User: url.UserPassword(o.username, password)}
	s.ServeMux, s.RegisterEndpoints = http.NewServeMux(), true
	s.ServeMux.HandleFunc("POST /sdk", interruptible(zonedTimestamps(s.ServeSDK)))
	s.ServeMux.Handle("/faults", authenticated(o.username, password, rules))
	s.ServeMux.Handle("/outages", authenticated(o.username, password, &outages{inventory: inv}))
	s.ServeMux.Handle("/objects", authenticated(o.username, password, &objects{inventory: inv}))
	counter := newCalls()
	s.ServeMux.Handle("/calls", authenticated(o.username, password, counter))
	files := newAccess(inv, o.username, password)
	files.register(s.ServeMux, func(w http.ResponseWriter, r *http.Request) {
		s.ServeDatastore(w, r)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			inv.usage.invalidate()
		}
	})
	inv.leases.register(s.ServeMux)
	if o.wsdlFile != "" {
		if _, err := os.Stat(o.wsdlFile); err != nil {
			return nil, fmt.Errorf("-wsdl: %w", err)
		}
		s.ServeMux.HandleFunc("GET /sdk/vimService.wsdl", func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, o.wsdlFile)
		})
	}
	inv.registry().Handler = newDispatcher(inv, rules, files, counter).route
	return &vCenter{inventory: inv, server: s.NewServer()}, nil
}

// canListen asks first, because govmomi panics when the port is taken.
func canListen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("-listen %s: %w", address, err)
	}
	return l.Close()
}

// url is where clients connect, without the credentials.
func (v *vCenter) url() string {
	u := *v.server.URL
	u.User = nil
	return u.String()
}

// stop ends open connections instead of waiting for them: a client that waits for updates may wait for ever.
func (v *vCenter) stop() error {
	v.server.CloseClientConnections()
	v.inventory.jobs.cancelAll()
	if dir := v.inventory.spec.stateDir; dir != "" {
		return v.inventory.save(dir)
	}
	return nil
}

func (v *vCenter) close() { v.inventory.remove() }

// authenticated lets in who gives the vCenter's credentials, as HTTP basic authentication.
func authenticated(username, password string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+pass), []byte(username+"\x00"+password)) != 1 {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "wrong or missing credentials", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var naiveTimestamp = regexp.MustCompile(`>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)<`)

// zonedTimestamps reads a dateTime without zone as UTC. XML Schema makes the zone optional and vCenter
// takes such values; Go's decoder refuses them.
func zonedTimestamps(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(naiveTimestamp.ReplaceAll(body, []byte(">${1}Z<"))))
		next(w, r)
	}
}
