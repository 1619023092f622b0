package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func mustScratch(t *testing.T, age time.Duration) *scratch {
	t.Helper()
	s, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.dir()) })
	if err := os.WriteFile(filepath.Join(s.dir(), "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(s.dir(), then, then); err != nil {
		t.Fatal(err)
	}
	return s
}

func isThere(s *scratch) bool {
	_, err := os.Stat(filepath.Join(s.dir(), "file"))
	return err == nil
}

func TestWhatIsLeftIsSweptAndNothingElse(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	alive, left, young := mustScratch(t, time.Hour), mustScratch(t, time.Hour), mustScratch(t, 0)
	for _, dead := range []*scratch{left, young} {
		if err := dead.lock.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sweepScratch()
	if !isThere(alive) || isThere(left) || !isThere(young) {
		t.Errorf("alive %v, left %v, young %v", isThere(alive), isThere(left), isThere(young))
	}
}

func TestRemovingEndsInTime(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := mustScratch(t, 0)
	s.remove(time.Minute)
	if isThere(s) {
		t.Error("not removed")
	}
	late := mustScratch(t, 0)
	late.remove(0)
	if _, err := takeScratch(late.dir()); err != nil && !os.IsNotExist(err) {
		t.Errorf("still locked: %v", err)
	}
}
