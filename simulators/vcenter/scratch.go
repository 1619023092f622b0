package main

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	scratchPrefix = "vcenter-simulator.scratch-"

	// removeTime is what a person or a test that stops the simulator is made to wait at most. Ten thousand VMs
	// are sixty thousand files.
	removeTime = 3 * time.Second

	// settleTime is longer than a directory can be there without its lock.
	settleTime = time.Minute
)

// scratch is the directory of a simulator that keeps nothing. It is locked as long as its simulator lives, so
// that the next one can tell whether somebody still needs it.
type scratch struct{ lock *os.File }

func newScratch() (*scratch, error) {
	dir, err := os.MkdirTemp("", scratchPrefix)
	if err != nil {
		return nil, err
	}
	return takeScratch(dir)
}

// takeScratch fails if a simulator that lives has it.
func takeScratch(dir string) (*scratch, error) {
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return &scratch{lock}, nil
}

func (s *scratch) dir() string { return s.lock.Name() }

// remove deletes as much as it can in that time; sweepScratch does the rest.
func (s *scratch) remove(within time.Duration) {
	done := make(chan struct{})
	go func() {
		_ = os.RemoveAll(s.dir())
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(within):
	}
	_ = s.lock.Close()
}

// sweepScratch removes what simulators left that were killed, or had too much to remove.
func sweepScratch() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), scratchPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < settleTime {
			continue
		}
		if left, err := takeScratch(dir); err == nil {
			left.remove(time.Hour)
		}
	}
}
