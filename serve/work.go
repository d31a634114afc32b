package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/pause"
)

// errCanceled: a request asked the operation to stop.
var errCanceled = errors.New("canceled by a request")

// askAgain is how long an operation waits for a gate that doesn't say when to ask again.
const askAgain = 10 * time.Second

// begin puts an operation to work.
func (s *Server) begin(o *operation) {
	ctx, cancel := context.WithCancelCause(s.life)
	o.cancel = cancel
	s.work.Go(func() error {
		defer cancel(nil)
		s.carryOut(ctx, o)
		return nil // the operation tells its error itself
	})
}

// carryOut does what the operation is for, on a connection of its own, and stores the end.
func (s *Server) carryOut(ctx context.Context, o *operation) {
	v := o.show()
	t := s.targets[v.Environment]
	s.config.Log.Info("operation begins", "operation", v.ID, "run", v.Run, "action", v.Action, "phase", v.Phase, "token", v.Requester)
	db, err := t.Open(ctx)
	if err == nil {
		e := engine.New(db, t.configFor(v.Requester), func(ev engine.Event) {
			o.observe(ev)
			s.meter.observe(v, ev)
		})
		err = s.untilOpen(ctx, o, e)
		err = errors.Join(err, db.Close())
	} else {
		err = fmt.Errorf("open environment %s: %w", t.Name, err)
	}
	t.views.forget(v.Run)
	s.finish(ctx, o, err)
}

// untilOpen calls the engine once, or as often as a gate isn't open yet where the request said wait.
func (s *Server) untilOpen(ctx context.Context, o *operation, e *engine.Engine) error {
	for {
		err := o.call(ctx, e)
		s.tellMissing(ctx, o)
		var held *gate.HeldError
		if !o.show().Wait || !errors.As(err, &held) || held.Verdict.State == gate.Fail {
			return err
		}
		o.change(func(v *Operation) { v.Status, v.Progress = Waiting, held.Error() })
		if err := pause.For(ctx, cmp.Or(min(held.Verdict.Retry, time.Minute), askAgain)); err != nil {
			return err
		}
		o.change(func(v *Operation) { v.Status = Running })
	}
}

// call is one call of the engine.
func (o *operation) call(ctx context.Context, e *engine.Engine) error {
	v := o.show()
	switch v.Action {
	case Apply:
		res, err := e.Apply(ctx, o.plan, engine.Options{Phase: v.Phase, Revision: v.Revision, OldInstancesGone: v.OldInstancesGone})
		o.took(res)
		return err
	case Rollback:
		res, err := e.Rollback(ctx, v.Run, engine.RollbackOptions{All: v.All, LoseRows: v.LoseRows})
		o.took(res)
		return err
	}
	res, err := e.Verify(ctx, v.Run)
	if len(res.Tables) > 0 {
		o.change(func(v *Operation) { v.Verified = &res })
	}
	return err
}

func (o *operation) took(res engine.Result) {
	if res.Run != "" {
		o.change(func(v *Operation) { v.Result = &res })
	}
}

// finish stores how an operation ended, and tells of failures.
func (s *Server) finish(ctx context.Context, o *operation, err error) {
	var p *Problem
	exit := 0
	if err != nil {
		d := s.config.Describe(ctx, o.show().Run, err).completed()
		p, exit = &d, d.Exit
	}
	o.mu.Lock()
	v := &o.view
	v.Status, v.Progress = o.end(p)
	v.Problem, v.Exit, v.Live, v.Ended = p, &exit, nil, time.Now().UTC()
	shown := *v
	o.mu.Unlock()
	s.config.Log.Info("operation ends", "operation", shown.ID, "status", shown.Status, "exit", exit)
	s.meter.ended(shown)
	if s.life.Err() != nil && shown.Status == Interrupted {
		s.ops.mu.Lock()
		s.ops.cut = true
		s.ops.mu.Unlock()
	}
	if p != nil && p.Class != "interrupted" && (shown.Status == Failed || shown.Status == Interrupted) {
		s.notify(notification{Event: "failed", Message: p.Detail, Hint: p.Hint, Class: p.Class}.about(shown))
	}
}

// end is the status of an operation that ended with a problem, or none. The caller holds the lock.
func (o *operation) end(p *Problem) (OperationStatus, string) {
	switch {
	case p == nil:
		return Succeeded, "done"
	case o.asked && p.Exit == exitTemporary:
		return Canceled, "stopped on request"
	case p.Exit == exitTemporary:
		return Interrupted, p.Detail
	case p.Exit == exitWaiting:
		return Inconclusive, p.Detail
	}
	return Failed, p.Detail
}

// exitWaiting is the command line's code for a gate that isn't open yet, and for a paused run.
const exitWaiting = 3
