package serve

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// steered calls the engine about the run of the path, in the caller's name.
func (s *Server) steered(r *http.Request, f func(ctx context.Context, e *engine.Engine, run state.Run) error) error {
	t, run, err := s.runOf(r)
	if err != nil {
		return err
	}
	e, err := t.engine(r.Context(), caller(r.Context()).Name)
	if err != nil {
		return err
	}
	defer t.views.forget(run.ID)
	return f(r.Context(), e, run)
}

type approvalRequest struct {
	Phase    string `json:"phase"`
	Note     string `json:"note"`
	PlanHash string `json:"plan_hash"`
}

func (s *Server) approve(r *http.Request) (reply, error) {
	var in approvalRequest
	if _, err := readBody(r, &in); err != nil {
		return reply{}, err
	}
	ph, err := phaseOf(in.Phase)
	if err == nil && ph == "" {
		err = malformed("phase is needed: an approval is for one phase")
	}
	if err != nil {
		return reply{}, err
	}
	var a state.Approval
	err = s.steered(r, func(ctx context.Context, e *engine.Engine, run state.Run) error {
		if err := checkHash(r, in.PlanHash, run.PlanHash); err != nil {
			return err
		}
		a, err = e.Approve(ctx, run.ID, ph, in.Note)
		return err
	})
	return reply{body: a}, err
}

func (s *Server) pause(r *http.Request) (reply, error) {
	return s.control(r, func(ctx context.Context, e *engine.Engine, run state.Run) error { return e.Pause(ctx, run.ID) })
}

func (s *Server) resume(r *http.Request) (reply, error) {
	return s.control(r, func(ctx context.Context, e *engine.Engine, run state.Run) error { return e.Resume(ctx, run.ID) })
}

// control changes what operators ask, and answers with what is asked now, as read back.
func (s *Server) control(r *http.Request, change func(context.Context, *engine.Engine, state.Run) error) (reply, error) {
	var out map[string]any
	err := s.steered(r, func(ctx context.Context, e *engine.Engine, run state.Run) error {
		if err := change(ctx, e, run); err != nil {
			return err
		}
		rep, err := e.Status(ctx, run.ID)
		out = map[string]any{"run": run.ID, "name": run.Name, "status": rep.Status, "control": rep.Control}
		return err
	})
	return reply{body: out}, err
}

// throttleRequest: what is nil stays as it was.
type throttleRequest struct {
	MaxRate      *float64 `json:"max_rate"`
	MaxLag       *string  `json:"max_lag"` // as 5s
	MaxLatency   *string  `json:"max_latency"`
	MaxLoad      *string  `json:"max_load"`
	CriticalLoad *string  `json:"critical_load"`
}

func (s *Server) throttle(r *http.Request) (reply, error) {
	var in throttleRequest
	if _, err := readBody(r, &in); err != nil {
		return reply{}, err
	}
	changes, err := in.changes()
	if err != nil {
		return reply{}, err
	}
	return s.control(r, func(ctx context.Context, e *engine.Engine, run state.Run) error {
		return e.Throttle(ctx, run.ID, func(c *state.Control) {
			for _, change := range changes {
				change(c)
			}
		})
	})
}

func (in throttleRequest) changes() ([]func(*state.Control), error) {
	var c changes
	if in.MaxRate != nil {
		if !(*in.MaxRate >= 0) {
			return nil, malformed("max_rate is negative")
		}
		c.add(func(c *state.Control) { c.MaxRate = *in.MaxRate })
	}
	err := errors.Join(
		c.time("max_lag", in.MaxLag, func(l *state.Limits) *time.Duration { return &l.MaxLag }),
		c.time("max_latency", in.MaxLatency, func(l *state.Limits) *time.Duration { return &l.MaxLatency }),
		c.load("max_load", in.MaxLoad, func(l *state.Limits) *string { return &l.MaxLoad }),
		c.load("critical_load", in.CriticalLoad, func(l *state.Limits) *string { return &l.CriticalLoad }))
	if err == nil && len(c) == 0 {
		err = malformed("one of max_rate, max_lag, max_latency, max_load, critical_load is needed")
	}
	return c, err
}

// changes are what a request does to the limits.
type changes []func(*state.Control)

func (c *changes) add(f func(*state.Control)) { *c = append(*c, f) }

func (c *changes) time(name string, text *string, field func(*state.Limits) *time.Duration) error {
	if text == nil {
		return nil
	}
	d, err := limitTime(*text)
	if err != nil {
		return malformed("%s: want a time like 5s, got %q", name, *text)
	}
	c.add(func(c *state.Control) { *field(&c.Limits) = d })
	return nil
}

func (c *changes) load(name string, text *string, field func(*state.Limits) *string) error {
	if text == nil {
		return nil
	}
	list, err := throttle.ParseThresholds(*text)
	if err != nil || len(list.String()) > longestLimit {
		return malformed("%s: want NAME=NUMBER,… of at most %d characters", name, longestLimit)
	}
	c.add(func(c *state.Control) { *field(&c.Limits) = list.String() })
	return nil
}

// longestLimit bounds what is stored on the server.
const longestLimit = 1000

// limitTime reads a time; 0 and "" take the limit away.
func limitTime(s string) (time.Duration, error) {
	if s == "" || s == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = errors.New("negative")
	}
	return d, err
}

func (s *Server) abort(r *http.Request) (reply, error) {
	var res engine.Result
	err := s.steered(r, func(ctx context.Context, e *engine.Engine, run state.Run) error {
		var err error
		res, err = e.Abort(ctx, run.ID)
		return err
	})
	return reply{body: res}, err
}

type applicationRequest struct {
	State    engine.ApplicationState `json:"state"`
	Revision string                  `json:"revision"`
	Reason   string                  `json:"reason"`
}

func (s *Server) reportApplication(r *http.Request) (reply, error) {
	var in applicationRequest
	if _, err := readBody(r, &in); err != nil {
		return reply{}, err
	}
	rep := engine.ApplicationReport{State: in.State, Revision: in.Revision, Reason: in.Reason, By: caller(r.Context()).Name}
	err := s.steered(r, func(ctx context.Context, e *engine.Engine, run state.Run) error {
		return e.ReportApplication(ctx, run.ID, rep)
	})
	return reply{body: rep}, err
}

// Linter judges SQL files. Its result is what `phasemig lint --format json` prints.
type Linter func(LintRequest) (any, error)

// LintRequest is what is to be judged.
type LintRequest struct {
	Dialect       string     `json:"dialect"`        // postgres, mysql, mariadb; empty: as configured
	ServerVersion string     `json:"server_version"` // empty: as configured, or the newest
	Files         []LintFile `json:"files"`
}

// LintFile is one file.
type LintFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (s *Server) lint(r *http.Request) (reply, error) {
	var in LintRequest
	if _, err := readBody(r, &in); err != nil {
		return reply{}, err
	}
	if len(in.Files) == 0 {
		return reply{}, malformed("files is empty")
	}
	if s.config.Lint == nil {
		return reply{}, &Problem{Class: "not_found", Status: http.StatusNotFound, Exit: exitError, Detail: "this server doesn't lint"}
	}
	res, err := s.config.Lint(in)
	return reply{body: res}, err
}
