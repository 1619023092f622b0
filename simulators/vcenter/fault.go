package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// faultRule says which calls go wrong, and how. govmomi's own injector cannot delay without a fault, hang,
// drop the connection, let a task fail instead of the call, or repeat its dice.
type faultRule struct {
	Method  string   `json:"method"`            // e.g. "CreateVM_Task"; a glob, * if empty
	Object  string   `json:"object,omitempty"`  // name or moref; a glob, * if empty
	Chance  *float64 `json:"chance,omitempty"`  // 0 to 1, 1 if missing
	Count   int      `json:"count,omitempty"`   // times at most, 0 for no limit
	Skip    int      `json:"skip,omitempty"`    // matching calls to let pass first
	Delay   string   `json:"delay,omitempty"`   // before anything else, or of the task, e.g. "1.5s"
	Fault   string   `json:"fault,omitempty"`   // a fault's type, e.g. "NoDiskSpace"
	Message string   `json:"message,omitempty"` // its text
	At      string   `json:"at,omitempty"`      // "call" or "task": a _Task method's task fails if empty
	Action  string   `json:"action,omitempty"`  // "hang" or "drop" instead of a fault
	Hits    int      `json:"hits"`              // times so far

	delay   time.Duration
	matched int
}

func (r *faultRule) validate() error {
	if r.Method == "" {
		r.Method = "*"
	}
	if r.Object == "" {
		r.Object = "*"
	}
	for _, glob := range []string{r.Method, r.Object} {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("%q: %w", glob, err)
		}
	}
	if r.Delay != "" {
		var err error
		if r.delay, err = time.ParseDuration(r.Delay); err != nil {
			return err
		}
	}
	switch {
	case r.Chance != nil && (*r.Chance < 0 || *r.Chance > 1):
		return fmt.Errorf("chance %v: must be 0 to 1", *r.Chance)
	case r.Action != "" && r.Action != "hang" && r.Action != "drop":
		return fmt.Errorf("action %q: must be hang or drop", r.Action)
	case r.At != "" && r.At != "call" && r.At != "task":
		return fmt.Errorf("at %q: must be call or task", r.At)
	case r.Action != "" && r.Fault != "":
		return errors.New("a rule has an action or a fault, not both")
	case r.Action == "" && r.Fault == "" && r.Delay == "":
		return errors.New("a rule needs a fault, an action or a delay")
	case r.Fault != "" && newFault(r.Fault) == nil:
		return fmt.Errorf("fault %q: the vSphere API has no such fault", r.Fault)
	}
	return nil
}

func newFault(name string) types.BaseMethodFault {
	kind, ok := types.TypeFunc()(name)
	if !ok {
		return nil
	}
	fault, _ := reflect.New(kind).Interface().(types.BaseMethodFault)
	return fault
}

// faults are the rules in force.
type faults struct {
	mutex  sync.Mutex
	rules  []*faultRule
	random *rand.Rand
}

func newFaults(file string, seed int64) (*faults, error) {
	f := &faults{random: rand.New(rand.NewSource(seed))}
	if file == "" {
		return f, nil
	}
	document, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("-faults: %w", err)
	}
	defer document.Close()
	if err := f.replace(document); err != nil {
		return nil, fmt.Errorf("-faults %s: %w", file, err)
	}
	return f, nil
}

// replace reads {"rules": [...]}; on an error the old rules stay.
func (f *faults) replace(document io.Reader) error {
	var content struct {
		Rules []*faultRule `json:"rules"`
	}
	decoder := json.NewDecoder(document)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&content); err != nil {
		return err
	}
	for n, rule := range content.Rules {
		rule.Hits = 0
		if err := rule.validate(); err != nil {
			return fmt.Errorf("rule %d: %w", n, err)
		}
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.rules = content.Rules
	return nil
}

// hit returns a copy of the first rule that this call runs into, or nil.
func (f *faults) hit(method, name, moref string) *faultRule {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, rule := range f.rules {
		if rule.Count > 0 && rule.Hits >= rule.Count || !rule.matches(method, name, moref) {
			continue
		}
		if rule.matched++; rule.matched <= rule.Skip {
			continue
		}
		if rule.Chance != nil && f.random.Float64() >= *rule.Chance {
			continue
		}
		rule.Hits++
		found := *rule
		return &found
	}
	return nil
}

func (r *faultRule) matches(method, name, moref string) bool {
	if ok, _ := path.Match(r.Method, method); !ok {
		return false
	}
	byName, _ := path.Match(r.Object, name)
	byRef, _ := path.Match(r.Object, moref)
	return byName || byRef
}

// ServeHTTP shows (GET), replaces (PUT) and clears (DELETE) the rules.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPut:
		if err := f.replace(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case http.MethodDelete:
		_ = f.replace(strings.NewReader("{}"))
	case http.MethodGet:
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	f.mutex.Lock()
	defer f.mutex.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"rules": append([]*faultRule{}, f.rules...)})
}

// interruption travels as a panic from a call to the HTTP handler around it.
type interruption string

// interruptible hangs until the client gives up, or drops the connection, when a rule says so.
func interruptible(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch reason := recover().(type) {
			case nil:
			case interruption:
				if reason == "hang" {
					<-r.Context().Done()
				}
				panic(http.ErrAbortHandler)
			default:
				panic(reason)
			}
		}()
		next(w, r)
	}
}

// inject makes a call that runs into a rule end as the rule says, and tells whether it did.
func (f *faults) inject(ctx *simulator.Context, method *simulator.Method) bool {
	object := ctx.Map.Get(method.This)
	rule := f.hit(method.Name, nameOf(object), method.This.Value)
	if rule == nil {
		return false
	}
	if rule.At == "task" {
		lasting(ctx, rule.delay)
	} else {
		time.Sleep(rule.delay)
	}
	if rule.Action != "" {
		panic(interruption(rule.Action))
	}
	if rule.Fault == "" {
		return false
	}
	fail(method, &injectedCall{rule: rule, method: method.Name, this: method.This, object: object})
	return true
}

// fail sends a call to the injector.
func fail(method *simulator.Method, call *injectedCall) {
	method.This, method.Name, method.Body = injectorRef, "Login", call
}

// refuse makes a call fail that would change a VM which a task is changing, or reading.
func (j *jobs) refuse(ctx *simulator.Context, method *simulator.Method) bool {
	if !changesVM(method.Name) {
		return false
	}
	task := j.busy(vmOf(ctx.Map, method.This), method.Name == "CloneVM_Task")
	if task == nil {
		return false
	}
	fail(method, &injectedCall{
		rule: &faultRule{Fault: "TaskInProgress"}, method: method.Name, this: method.This,
		object: ctx.Map.Get(method.This), task: task,
	})
	return true
}

// nameOf gives an entity's name, which some types keep in a place of their own.
func nameOf(object mo.Reference) string {
	switch o := object.(type) {
	case *simulator.DistributedVirtualPortgroup:
		return o.Name
	case *simulator.DistributedVirtualSwitch:
		return o.Name
	case *mo.Network:
		return o.Name
	case mo.Entity:
		return o.Entity().Name
	}
	return ""
}

type injectedCall struct {
	rule   *faultRule
	method string
	this   types.ManagedObjectReference
	object mo.Reference
	task   *types.ManagedObjectReference // that is in the way, if one is
}

var injectorRef = types.ManagedObjectReference{Type: "MethodSet", Value: "faults"}

// injector is the object that a call goes to instead.
type injector struct {
	methodSet
	inventory *inventory
}

// Login fails at once, or returns a task that will. Its name is one that govmomi calls without a session, too:
// a rule may be about the login itself.
func (i *injector) Login(ctx *simulator.Context, call *injectedCall) soap.HasFault {
	fault, body := newFault(call.rule.Fault), &injectedBody{}
	fillRequired(reflect.ValueOf(fault).Elem(), call)
	if call.rule.At == "call" || !strings.HasSuffix(call.method, "_Task") || call.object == nil {
		body.Fault_ = refusal(fault)
		if call.rule.Message != "" {
			body.Fault_.String = call.rule.Message
		}
		return body
	}
	lasts := call.rule.At == "task" && call.rule.delay > 0
	w := &job{entity: vmOf(ctx.Map, call.object.Reference()), holds: lasts}
	task := i.inventory.jobs.start(ctx, w, call.method, func(w *job) (types.AnyType, types.BaseMethodFault) {
		if lasts {
			if cancelled := w.elapse(); cancelled != nil {
				return nil, cancelled
			}
		}
		return nil, fault
	})
	body.Res = &injectedResponse{method: call.method, task: task}
	return body
}

// fillRequired gives a fault's required properties a value of the right kind; clients refuse it without.
func fillRequired(v reflect.Value, call *injectedCall) {
	for n := range v.NumField() {
		field, kind := v.Field(n), v.Type().Field(n)
		switch {
		case kind.Anonymous:
			fillRequired(field, call)
		case strings.Contains(kind.Tag.Get("xml"), "omitempty"):
		case field.Type() == reflect.TypeFor[types.ManagedObjectReference]():
			field.Set(reflect.ValueOf(call.reference(kind.Name)))
		case field.Kind() == reflect.String:
			field.SetString(call.text(kind.Name, field))
		}
	}
}

func (c *injectedCall) reference(property string) types.ManagedObjectReference {
	switch {
	case property != "Task":
		return c.this
	case c.task != nil:
		return *c.task
	}
	return types.ManagedObjectReference{Type: "Task", Value: "task-0"}
}

// text knows the two names that faults ask for; an enumeration gets its first value.
func (c *injectedCall) text(property string, field reflect.Value) string {
	if values := field.MethodByName("Values"); values.IsValid() {
		return values.Call(nil)[0].Index(0).String()
	}
	if property == "Type" {
		return c.this.Type
	}
	return nameOf(c.object)
}

type injectedBody struct {
	Res    *injectedResponse
	Fault_ *soap.Fault
}

func (b *injectedBody) Fault() *soap.Fault { return b.Fault_ }

type injectedResponse struct {
	method string
	task   types.ManagedObjectReference
}

// MarshalXML names the response after the method that was called.
func (r *injectedResponse) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	start.Name.Local = r.method + "Response"
	return e.EncodeElement(struct {
		Returnval types.ManagedObjectReference `xml:"returnval"`
	}{r.task}, start)
}
