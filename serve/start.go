package serve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/phasemig/phasemig/plans"
)

// operationRequest is the body of a request to start an operation: a plan, or a run that the target knows.
type operationRequest struct {
	Action   Action          `json:"action"`
	Plan     json.RawMessage `json:"plan"`
	Run      string          `json:"run"`
	Phase    string          `json:"phase"`
	PlanHash string          `json:"plan_hash"`
	All      bool            `json:"all"`
	LoseRows bool            `json:"lose_rows"`
	Wait     bool            `json:"wait"`
	// Revision of the application that the call belongs to, and why contract may go though no gate tells that
	// old instances are gone.
	Revision         string `json:"revision"`
	OldInstancesGone string `json:"old_instances_gone"`
}

const longestKey = 200

func (s *Server) startOperation(r *http.Request) (reply, error) {
	t, err := s.target(r)
	if err != nil {
		return reply{}, err
	}
	var in operationRequest
	body, err := readBody(r, &in)
	if err != nil {
		return reply{}, err
	}
	w, err := s.orderOf(r, t, in)
	if err != nil {
		return reply{}, err
	}
	w.request = fingerprint(r, body)
	if s.life.Err() != nil {
		return reply{}, &Problem{Class: "temporary", Exit: exitTemporary, Detail: "the server is ending", Hint: "send the same request to the next one"}
	}
	o, attached, err := s.ops.start(w, s.begin)
	if err != nil {
		return reply{}, err
	}
	v := s.linked(r, o.show())
	v.Attached = attached
	return reply{body: v, header: http.Header{"Location": {v.StatusURL}}}, nil
}

// fingerprint tells requests with one key apart.
func fingerprint(r *http.Request, body []byte) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s", r.Method, r.URL.Path, r.Header.Get("If-Match"), body))
	return hex.EncodeToString(sum[:])
}

func (s *Server) orderOf(r *http.Request, t *target, in operationRequest) (order, error) {
	if err := in.check(caller(r.Context())); err != nil {
		return order{}, err
	}
	pl, err := t.planFor(r.Context(), in)
	if err != nil {
		return order{}, err
	}
	if err := checkHash(r, in.PlanHash, pl.Hash); err != nil {
		return order{}, err
	}
	who, key := caller(r.Context()).Name, r.Header.Get("Idempotency-Key")
	if len(key) > longestKey {
		return order{}, malformed("Idempotency-Key is longer than %d characters", longestKey)
	}
	if key != "" {
		key = who + "/" + key // one client can't meet the keys of another
	}
	return order{plan: pl, requester: who, key: key, spec: spec{Environment: t.Name, Run: pl.ID, Action: in.Action,
		Phase: plans.PhaseName(in.Phase), All: in.All, LoseRows: in.LoseRows, Wait: in.Wait, Revision: in.Revision, OldInstancesGone: in.OldInstancesGone}}, nil
}

func (in operationRequest) check(who Token) error {
	if _, err := phaseOf(in.Phase); err != nil {
		return err
	}
	switch {
	case in.Action != Apply && in.Action != Rollback && in.Action != Verify:
		return malformed("action %q is not one of %s, %s, %s", in.Action, Apply, Rollback, Verify)
	case (len(in.Plan) == 0) == (in.Run == ""):
		return malformed("one of plan and run is needed")
	case in.Action != Apply && (in.Phase != "" || in.Wait || in.Revision != "" || in.OldInstancesGone != ""):
		return malformed("phase, wait, revision and old_instances_gone are for %s", Apply)
	case in.Action != Rollback && (in.All || in.LoseRows):
		return malformed("all and lose_rows are for %s", Rollback)
	case in.LoseRows && !who.allows(ScopeAdmin, ""):
		return &Problem{Class: "forbidden", Status: http.StatusForbidden, Exit: exitError, Detail: "lose_rows gives values up for ever, which needs the scope admin"}
	}
	return nil
}

// planFor is the plan that was sent, or that of the run. Its hash is checked as it is read.
func (t *target) planFor(ctx context.Context, in operationRequest) (*plans.Plan, error) {
	if len(in.Plan) > 0 {
		return plans.Decode(in.Plan)
	}
	r, err := t.find(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	return planOf(r)
}

// linked adds the addresses of an operation, absolute since Spinnaker takes Location as it is.
func (s *Server) linked(r *http.Request, v Operation) Operation {
	base := s.config.PublicURL
	if base == "" {
		base = "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
	}
	v.StatusURL = base + "/v1/operations/" + v.ID
	v.CancelURL = v.StatusURL + "/cancel"
	return v
}

func (s *Server) listOperations(r *http.Request) (reply, error) {
	list := []Operation{}
	for _, v := range s.ops.all() {
		if caller(r.Context()).reaches(v.Environment) {
			list = append(list, s.linked(r, v))
		}
	}
	return reply{body: map[string]any{"operations": list}}, nil
}

func (s *Server) getOperation(r *http.Request) (reply, error) {
	o, err := s.operationOf(r)
	if err != nil {
		return reply{}, err
	}
	if o != nil {
		return reply{body: s.linked(r, o.show())}, nil
	}
	v, err := s.formerly(r.Context(), r.PathValue("operation"))
	return reply{body: s.linked(r, v)}, err
}

// operationOf is the operation that the path names, or nil; one that the token doesn't reach isn't there.
func (s *Server) operationOf(r *http.Request) (*operation, error) {
	o := s.ops.find(r.PathValue("operation"))
	if o != nil && !caller(r.Context()).reaches(o.show().Environment) {
		return nil, notFound("there is no operation %q", r.PathValue("operation"))
	}
	return o, nil
}

func (s *Server) cancelOperation(r *http.Request) (reply, error) {
	o, err := s.operationOf(r)
	if err != nil {
		return reply{}, err
	}
	if o == nil {
		return reply{}, notFound("there is no operation %q at work", r.PathValue("operation"))
	}
	o.stop()
	return reply{body: s.linked(r, o.show())}, nil
}

// stop asks an operation to end at its next safe point. One that has ended stays as it is.
func (o *operation) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.view.Status.ended() {
		o.asked = true
		o.view.Progress = "stops at the next safe point"
		o.cancel(errCanceled)
	}
}
