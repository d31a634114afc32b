package serve

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

const (
	mostEnded = 1000           // operations that are remembered after their end
	keysFor   = 24 * time.Hour // that an idempotency key is remembered
	mostKeys  = 10_000
)

// operations are those of this process.
type operations struct {
	limit int

	mu   sync.Mutex
	list []*operation // in the order of their start
	keys map[string]keyed
	cut  bool // one was stopped by the end of the server
}

// keyed is the request that came with an idempotency key.
type keyed struct {
	request string // its hash
	op      *operation
	at      time.Time
}

func newOperations(limit int) *operations {
	return &operations{limit: limit, keys: map[string]keyed{}}
}

// order is a request to start an operation.
type order struct {
	spec
	plan      *plans.Plan
	requester string
	key       string // "": none
	request   string // the hash of all that was sent
}

// start begins an operation by begin, or finds the one that was begun for the same key, or that does the same on the
// run. Errors: another operation works on the run; the key was sent with something else; too many.
func (o *operations) start(w order, begin func(*operation)) (op *operation, attached bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if k, ok := o.keys[w.key]; ok && w.key != "" && time.Since(k.at) < keysFor {
		if k.request != w.request {
			return nil, false, &Problem{Class: "key_reused", Status: http.StatusUnprocessableEntity, Exit: exitUsage, Detail: "the idempotency key came with another request before",
				Hint: "use a new key for a new request", Operation: k.op.show().ID}
		}
		return k.op, true, nil
	}
	if op, err = o.underWay(w.spec); err != nil {
		return nil, false, err
	}
	if attached = op != nil; !attached {
		op = newOperation(w)
		o.list = append(o.list, op)
		o.forget()
		begin(op)
	}
	o.remember(w, op)
	return op, attached, nil
}

// underWay finds the operation on the same run that has not ended: the same, or one that stands in the way.
func (o *operations) underWay(w spec) (*operation, error) {
	busy := 0
	for _, op := range o.list {
		v := op.show()
		if v.Status.ended() {
			continue
		}
		busy++
		switch {
		case v.Environment != w.Environment || v.Run != w.Run:
		case v.spec == w:
			return op, nil
		default:
			return nil, &Problem{Class: "busy", Status: http.StatusConflict, Exit: 6, Detail: fmt.Sprintf("operation %s (%s) works on run %s", v.ID, v.Action, v.Run),
				Hint: "wait for its end, or cancel it: POST /v1/operations/" + v.ID + "/cancel", Operation: v.ID}
		}
	}
	if busy >= o.limit {
		return nil, tooBusy(fmt.Sprintf("%d operations are at work, as many as may be", busy))
	}
	return nil, nil
}

// on is the ID of the operation that works on a run; "": none does.
func (o *operations) on(environment, run string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, op := range o.list {
		if v := op.show(); !v.Status.ended() && v.Environment == environment && v.Run == run {
			return v.ID
		}
	}
	return ""
}

func (o *operations) remember(w order, op *operation) {
	if w.key == "" {
		return
	}
	if len(o.keys) >= mostKeys {
		for k, v := range o.keys {
			if time.Since(v.at) >= keysFor || len(o.keys) >= mostKeys {
				delete(o.keys, k)
			}
		}
	}
	o.keys[w.key] = keyed{w.request, op, time.Now()}
}

// forget drops the oldest operations that have ended.
func (o *operations) forget() {
	for i := 0; len(o.list) > mostEnded && i < len(o.list); {
		if o.list[i].show().Status.ended() {
			o.list = slices.Delete(o.list, i, i+1)
			continue
		}
		i++
	}
}

func (o *operations) find(id string) *operation {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, op := range o.list {
		if op.show().ID == id {
			return op
		}
	}
	return nil
}

// all shows every operation, the newest first.
func (o *operations) all() []Operation {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Operation, 0, len(o.list))
	for _, op := range slices.Backward(o.list) {
		out = append(out, op.show())
	}
	return out
}

// ending is what Run ends with.
func (o *operations) ending() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cut {
		return ErrInterrupted
	}
	return nil
}

func newOperation(w order) *operation {
	return &operation{plan: w.plan, view: Operation{ID: w.newID(), spec: w.spec, Name: w.plan.Name, PlanHash: w.plan.Hash, Status: Running,
		Progress: "has begun", Requester: w.requester, Started: time.Now().UTC()}}
}

// newID tells of what it is, so that a server that was started anew can answer about it from the run's state.
func (s spec) newID() string {
	return strings.Join([]string{s.Environment, s.Run, string(s.Action), cmp.Or(string(s.Phase), "all"), strings.ToLower(rand.Text()[:12])}, "~")
}

// specOf reads an ID back.
func specOf(id string) (spec, bool) {
	p := strings.Split(id, "~")
	if len(p) != 5 || !slices.Contains([]Action{Apply, Rollback, Verify}, Action(p[2])) {
		return spec{}, false
	}
	s := spec{Environment: p[0], Run: p[1], Action: Action(p[2]), Phase: plans.PhaseName(p[3])}
	if s.Phase == "all" {
		s.Phase = ""
	}
	return s, true
}

// formerly is an operation of an earlier process, told from the state of its run: an apply whose phase is done has
// succeeded, whoever did it; of all others it is only known that they are over.
func (s *Server) formerly(ctx context.Context, id string) (Operation, error) {
	w, ok := specOf(id)
	t := s.targets[w.Environment]
	if !ok || t == nil || !caller(ctx).reaches(w.Environment) {
		return Operation{}, notFound("there is no operation %q", id)
	}
	r, err := t.find(ctx, w.Run)
	if errors.Is(err, state.ErrNotFound) {
		return Operation{}, notFound("there is no operation %q", id)
	}
	if err != nil {
		return Operation{}, err
	}
	v := Operation{ID: id, spec: w, Name: r.Name, PlanHash: r.PlanHash, Status: Interrupted, Progress: "the server that carried it out has ended; the run is " + string(r.Status), Started: r.Created, Ended: r.Updated, Attached: true}
	exit := exitTemporary
	if w.Action == Apply && standing(r, cmp.Or(w.Phase, plans.Switch)) == phaseDone {
		v.Status, v.Progress, exit = Succeeded, "the run is "+string(r.Status), 0
	}
	v.Exit = &exit
	return v, nil
}
