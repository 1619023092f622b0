package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const aFile = "/folder/dir/a.iso?dcPath=dc1&dsName=shared1"

// fetch asks for a file, with one cookie if it is named.
func (l *lab) fetch(method, file, cookie, value string) int {
	l.Helper()
	req, err := http.NewRequest(method, strings.TrimSuffix(l.vc.url(), "/sdk")+file, nil)
	l.must(err)
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: cookie, Value: value})
	}
	res, err := l.http.Do(req)
	l.must(err)
	l.must(res.Body.Close())
	return res.StatusCode
}

func newLabWithFile(t *testing.T) *lab {
	l := newLab(t)
	dir := filepath.Join(l.vc.inventory.dir, "shared1", "dir")
	l.must(os.Mkdir(dir, 0o700))
	l.must(os.WriteFile(filepath.Join(dir, "a.iso"), []byte("secret"), 0o600))
	return l
}

func TestFilesAreNotForEveryone(t *testing.T) {
	l := newLabWithFile(t)
	for _, file := range []string{
		"/folder/?dcPath=dc1&dsName=shared1", "/folder/dir/?dcPath=dc1&dsName=shared1",
		"/folder/b.iso?dcPath=dc1&dsName=shared1", aFile,
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"} {
			if code := l.fetch(method, file, "", ""); code != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", method, file, code)
			}
		}
	}
	if code := l.fetch("GET", aFile, soap.SessionCookieName, "guessed"); code != http.StatusUnauthorized {
		t.Errorf("with a wrong session: %d", code)
	}
	if code := l.control("GET", aFile, ""); code != http.StatusOK {
		t.Errorf("with the credentials: %d", code)
	}
}

func TestFilesAreForASessionAsLongAsItLasts(t *testing.T) {
	l := newLabWithFile(t)
	manager := session.NewManager(l.client)
	mine, err := manager.UserSession(l.ctx)
	l.must(err)
	if code := l.fetch("GET", aFile, soap.SessionCookieName, mine.Key); code != http.StatusOK {
		t.Errorf("with the session: %d", code)
	}
	l.must(manager.Logout(l.ctx))
	if code := l.fetch("GET", aFile, soap.SessionCookieName, mine.Key); code != http.StatusUnauthorized {
		t.Errorf("after the logout: %d", code)
	}
}

func TestATicketIsForOneRequest(t *testing.T) {
	l := newLabWithFile(t)
	ticket := func(method string) string {
		u, err := url.Parse("https://elsewhere" + aFile)
		l.must(err)
		got, err := session.NewManager(l.client).AcquireGenericServiceTicket(l.ctx,
			&types.SessionManagerHttpServiceRequestSpec{Url: u.String(), Method: method})
		l.must(err)
		return got.Id
	}
	get := ticket("httpGet")
	if code := l.fetch("GET", aFile, ticketCookie, get); code != http.StatusOK {
		t.Errorf("first: %d", code)
	}
	if code := l.fetch("GET", aFile, ticketCookie, get); code != http.StatusUnauthorized {
		t.Errorf("again: %d", code)
	}
	if code := l.fetch("PUT", aFile, ticketCookie, ticket("httpGet")); code != http.StatusUnauthorized {
		t.Errorf("another method: %d", code)
	}
	other := strings.Replace(aFile, "shared1", "shared2", 1)
	if code := l.fetch("GET", other, ticketCookie, ticket("httpGet")); code != http.StatusUnauthorized {
		t.Errorf("another datastore: %d", code)
	}
	if code := l.fetch("PUT", aFile, ticketCookie, ticket("PUT")); code != http.StatusOK {
		t.Errorf("as Nova says it: %d", code)
	}
}
