package main

import (
	"encoding/json"
	"net/http"
	"sync"
)

// calls counts what clients ask, by method: benchmarks say what an operation costs vCenter.
type calls struct {
	mutex  sync.Mutex
	counts map[string]int
}

func newCalls() *calls { return &calls{counts: map[string]int{}} }

func (c *calls) count(method string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.counts[method]++
}

// ServeHTTP shows (GET) and forgets (DELETE) the counts.
func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch r.Method {
	case http.MethodDelete:
		clear(c.counts)
	case http.MethodGet:
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	total := 0
	for _, n := range c.counts {
		total += n
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"calls": c.counts, "total": total})
}
