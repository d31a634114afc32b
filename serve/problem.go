package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Problem is an error as it is told: a problem document of RFC 9457 with what the command line tells, too.
type Problem struct {
	Type   string `json:"type"` // "about:blank", or urn:phasemig:problem: and the class
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Class, Exit, Hint and Details are those of `--output json`.
	Class   string `json:"class"`
	Exit    int    `json:"exit"`
	Hint    string `json:"hint,omitempty"`
	Details any    `json:"details,omitempty"`
	// Operation is the one that stands in the way, if that is the reason.
	Operation string `json:"operation,omitempty"`
}

func (p *Problem) Error() string { return p.Detail }

// statuses are the HTTP statuses of the engine's classes. All others are 500.
var statuses = map[string]int{
	"gate_failed": http.StatusConflict, "gate_waiting": http.StatusLocked, "paused": http.StatusLocked, "held": http.StatusConflict,
	"drift": http.StatusPreconditionFailed, "unreturnable": http.StatusConflict, "no_place_back": http.StatusConflict, "conflict": http.StatusConflict,
	"diverged": http.StatusConflict, "refused": http.StatusUnprocessableEntity, "irreversible": http.StatusConflict, "input": http.StatusUnprocessableEntity,
	"usage": http.StatusBadRequest, "wrong_phase": http.StatusConflict, "aborted": http.StatusConflict, "temporary": http.StatusServiceUnavailable,
	"interrupted": http.StatusServiceUnavailable, "outcome_unknown": http.StatusConflict, "not_found": http.StatusNotFound,
}

// titles of the problems that only a server has.
var titles = map[string]string{
	"unauthorized": "The request carries no valid token", "forbidden": "The token may not do this", "malformed": "The request can't be read",
	"too_large": "The request is too large", "too_busy": "Too much at a time", "precondition": "The plan is another one",
	"key_reused": "The idempotency key was used for another request", "cross_site": "The request comes from another site", "busy": "Another operation works on the run",
}

// completed fills in what follows from the class.
func (p Problem) completed() Problem {
	if p.Status == 0 {
		p.Status = http.StatusInternalServerError
		if s, ok := statuses[p.Class]; ok {
			p.Status = s
		}
	}
	p.Type = "urn:phasemig:problem:" + p.Class
	if p.Title == "" {
		p.Title = titles[p.Class]
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	return p
}

// The exit codes that the command line gives to the same kinds of error.
const (
	exitError     = 1
	exitUsage     = 64
	exitTemporary = 75
)

func malformed(format string, args ...any) *Problem {
	return &Problem{Class: "malformed", Status: http.StatusBadRequest, Exit: exitUsage, Detail: fmt.Sprintf(format, args...), Hint: "GET /openapi.json describes every request"}
}

func tooBusy(detail string) *Problem {
	return &Problem{Class: "too_busy", Status: http.StatusTooManyRequests, Exit: exitTemporary, Detail: detail, Hint: "nothing was begun; send the same request again in a moment"}
}

// beginning is the answer about a run that an operation is about to write down: whoever was told of the operation
// a moment ago must not be told that there is no such run.
func beginning(run, operation string) *Problem {
	return &Problem{Class: "temporary", Status: http.StatusServiceUnavailable, Exit: exitTemporary, Detail: fmt.Sprintf("run %s is not there yet: operation %s is beginning it", run, operation),
		Hint: "ask again in a moment", Operation: operation}
}

func notFound(format string, args ...any) *Problem {
	return &Problem{Class: "not_found", Status: http.StatusNotFound, Exit: exitError, Detail: fmt.Sprintf(format, args...)}
}

// otherPlan is the answer to a precondition that doesn't hold.
func otherPlan(want, is string) *Problem {
	return &Problem{Class: "precondition", Status: http.StatusPreconditionFailed, Exit: 5, Detail: fmt.Sprintf("the plan's hash is %s, and the request is about %s", is, want),
		Hint: "nothing was done; look at the plan as it is now, then send its hash"}
}

// problemOf finds the problem of an error: its own, or the engine's by Describe.
func (s *Server) problemOf(r *http.Request, run string, err error) *Problem {
	var p *Problem
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &big):
		return &Problem{Class: "too_large", Status: http.StatusRequestEntityTooLarge, Exit: exitUsage, Detail: fmt.Sprintf("the body is longer than %d bytes", big.Limit)}
	}
	d := s.config.Describe(r.Context(), run, err)
	return &d
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	full := p.completed()
	if full.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="phasemig"`)
	}
	if full.Status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, full.Status, "application/problem+json", full)
}

func writeJSON(w http.ResponseWriter, status int, kind string, v any) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a client that is gone can't be told
}
