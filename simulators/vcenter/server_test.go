package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestOnlyTheRightPasswordLogsIn(t *testing.T) {
	l := newLab(t)
	manager := session.NewManager(l.client)
	l.must(manager.Logout(l.ctx))
	l.refused(manager.Login(l.ctx, url.UserPassword(testUser, "wrong")), &types.InvalidLogin{})
	folders := l.vc.inventory.dc.VmFolder
	_, err := methods.CreateFolder(l.ctx, l.client, &types.CreateFolder{This: folders, Name: "f"})
	l.refused(err, &types.NotAuthenticated{})
}

func TestControlNeedsTheCredentials(t *testing.T) {
	l := newLab(t)
	for _, path := range []string{"/faults", "/outages"} {
		res, err := l.http.Get(strings.TrimSuffix(l.vc.url(), "/sdk") + path)
		l.must(err)
		l.must(res.Body.Close())
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

func TestTimestampsWithoutZoneAreUTC(t *testing.T) {
	var got string
	handler := zonedTimestamps(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
	})
	const body = `<a>2026-01-02T03:04:05</a><b>2026-01-02T03:04:05.678</b><c>2026-01-02T03:04:05Z</c>`
	req, err := http.NewRequest("POST", "/sdk", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	handler(nil, req)
	const want = `<a>2026-01-02T03:04:05Z</a><b>2026-01-02T03:04:05.678Z</b><c>2026-01-02T03:04:05Z</c>`
	if got != want {
		t.Errorf("got %s", got)
	}
}
