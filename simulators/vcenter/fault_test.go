package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) rules(document string) {
	l.Helper()
	if code := l.control("PUT", "/faults", `{"rules": [`+document+`]}`); code != http.StatusOK {
		l.Fatalf("PUT /faults: %d", code)
	}
}

func TestFaultsInTheTaskAndInTheCall(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm-a", "shared1", gb, true, ""))
	l.rules(`{"method": "PowerOnVM_Task", "object": "vm-*", "fault": "NoDiskSpace", "count": 1}`)
	task, err := l.powerOn(vm, nil)
	l.failed(task, err, &types.NoDiskSpace{})
	l.done(l.powerOn(vm, nil))
	l.rules(`{"method": "PowerOff*", "fault": "TaskInProgress", "at": "call"}`)
	_, err = vm.PowerOff(l.ctx)
	l.refused(err, &types.TaskInProgress{})
	l.rules(`{"method": "PowerOffVM_Task", "object": "another", "fault": "NoDiskSpace"}`)
	l.done(vm.PowerOff(l.ctx))
}

func TestFaultsBySkipAndChance(t *testing.T) {
	l := newLab(t)
	failures := func() (n int) {
		for range 40 {
			if _, err := methods.CurrentTime(l.ctx, l.client, &types.CurrentTime{This: *serviceRef()}); err != nil {
				n++
			}
		}
		return n
	}
	l.rules(`{"method": "CurrentTime", "fault": "InvalidState", "skip": 35}`)
	if got := failures(); got != 5 {
		t.Errorf("%d failures, want 5", got)
	}
	l.rules(`{"method": "CurrentTime", "fault": "InvalidState", "chance": 0.5}`)
	if got := failures(); got < 5 || got > 35 {
		t.Errorf("%d of 40 failed with chance 0.5", got)
	}
	l.control("DELETE", "/faults", "")
	if got := failures(); got != 0 {
		t.Errorf("%d failures without rules", got)
	}
}

func TestFaultsOfACallComeAsServerErrors(t *testing.T) {
	l := newLab(t)
	l.rules(`{"method": "CurrentTime", "fault": "InvalidState"}`)
	const call = `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><CurrentTime xmlns="urn:vim25">` +
		`<_this type="ServiceInstance">ServiceInstance</_this></CurrentTime></Body></Envelope>`
	res, err := l.http.Post(l.vc.url(), "text/xml", strings.NewReader(call))
	l.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	l.must(err)
	if res.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), "InvalidStateFault") {
		t.Errorf("%s: %s", res.Status, body)
	}
}

func TestTheLoginFailsAsARuleSays(t *testing.T) {
	l := newLab(t)
	manager := session.NewManager(l.client)
	l.must(manager.Logout(l.ctx))
	l.rules(`{"method": "Login", "fault": "NoPermission", "count": 1}`)
	user := url.UserPassword(testUser, testPassword)
	l.refused(manager.Login(l.ctx, user), &types.NoPermission{})
	l.must(manager.Login(l.ctx, user))
}

func serviceRef() *types.ManagedObjectReference {
	return &types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}
}

func TestHangAndDropAndDelay(t *testing.T) {
	l := newLab(t)
	now := func(ctx context.Context) error {
		_, err := methods.CurrentTime(ctx, l.client, &types.CurrentTime{This: *serviceRef()})
		return err
	}
	l.rules(`{"method": "CurrentTime", "action": "hang"}`)
	ctx, cancel := context.WithTimeout(l.ctx, 200*time.Millisecond)
	defer cancel()
	if err := now(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	l.rules(`{"method": "CurrentTime", "action": "drop"}`)
	if err := now(l.ctx); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("drop: %v", err)
	}
	l.rules(`{"method": "CurrentTime", "delay": "150ms"}`)
	began := time.Now()
	l.must(now(l.ctx))
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("delay: %s", took)
	}
}

func TestRulesThatMakeNoSenseAreRefused(t *testing.T) {
	l := newLab(t)
	for name, rule := range map[string]string{
		"unknown fault":    `{"method": "X", "fault": "Nope"}`,
		"unknown property": `{"method": "X", "fault": "InvalidState", "times": 3}`,
		"unknown action":   `{"method": "X", "action": "explode"}`,
		"nothing to do":    `{"method": "X"}`,
		"bad chance":       `{"method": "X", "fault": "InvalidState", "chance": 2}`,
		"bad delay":        `{"method": "X", "delay": "soon"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if code := l.control("PUT", "/faults", `{"rules": [`+rule+`]}`); code != http.StatusBadRequest {
				t.Errorf("%d", code)
			}
		})
	}
}

func TestRulesFromTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`{"rules": [{"method": "CreateVM_Task", "fault": "NoDiskSpace"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, func(o *options) { o.faultsFile = file })
	task, err := l.createTask("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	l.failed(task, err, &types.NoDiskSpace{})
}
