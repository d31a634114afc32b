package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// limits are those that hold at one moment: what operators asked for, else as configured.
type limits struct {
	lag, latency   time.Duration // latency 0: off
	load, critical throttle.Thresholds
}

func (s *session) limits() (limits, error) {
	s.mu.Lock()
	asked := s.control.Limits
	s.mu.Unlock()
	c := s.e.config
	l := limits{lag: cmp.Or(asked.MaxLag, c.MaxLag), latency: cmp.Or(asked.MaxLatency, c.MaxLatency)}
	var err error
	if l.load, err = throttle.ParseThresholds(cmp.Or(asked.MaxLoad, c.MaxLoad)); err != nil {
		return l, fmt.Errorf("max-load: %w", err)
	}
	if l.critical, err = throttle.ParseThresholds(cmp.Or(asked.CriticalLoad, c.CriticalLoad)); err != nil {
		return l, fmt.Errorf("critical-load: %w", err)
	}
	return l, nil
}

// Throttle changes the pace of a run at work, which follows within a second. change
// gets what was asked for until now. *plans.InputError: a variable that the server hasn't.
func (e *Engine) Throttle(ctx context.Context, id string, change func(*state.Control)) error {
	return e.ask(ctx, id, func(c *state.Control) error {
		change(c)
		return e.checkLoad(ctx, c.Limits.MaxLoad, c.Limits.CriticalLoad)
	})
}

// checkLoad asks the server once for every variable that expressions name: an
// unknown one would hold the run from its first chunk on.
func (e *Engine) checkLoad(ctx context.Context, expressions ...string) error {
	var names []string
	for _, text := range expressions {
		list, err := throttle.ParseThresholds(text)
		if err != nil {
			return err
		}
		names = append(names, list.Names()...)
	}
	if len(names) == 0 {
		return nil
	}
	_, err := e.db.Watch.Variables(ctx, names)
	return err
}
