package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/throttle"
)

// load joins the server's own signals, the latency of asking for them, and the
// lag of every replica.
type load struct {
	e        *Engine
	table    schema.Ident
	replicas map[string]dialect.Replica
}

func (s *session) probe(ctx context.Context, st plans.Step) (throttle.Probe, func(), error) {
	l := &load{e: s.e, table: st.Table, replicas: map[string]dialect.Replica{}}
	if !s.plan.Replicas.None() {
		for _, name := range s.plan.Replicas {
			r, err := s.e.replica(ctx, name)
			if err != nil {
				return nil, nil, errors.Join(err, l.close())
			}
			l.replicas[name] = r
		}
	}
	return l, func() { _ = l.close() }, nil // closing a reader loses nothing
}

func (e *Engine) replica(ctx context.Context, name string) (dialect.Replica, error) {
	dsn, ok := e.config.Replicas[name]
	if !ok {
		return nil, fmt.Errorf("replica %q has no address: put it under replicas in phasemig.yaml or give --replica %s=URL", name, name)
	}
	r, err := e.db.Replica(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open replica %s: %w", name, err)
	}
	return r, nil
}

func (l *load) close() error {
	var errs []error
	for _, r := range l.replicas {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// Signals implements throttle.Probe.
func (l *load) Signals(ctx context.Context) ([]throttle.Signal, error) {
	begin := time.Now()
	list, err := l.e.db.Server.Load(ctx, l.table)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == "active_sessions" && l.e.config.MaxActive > 0 {
			list[i].Limit = l.e.config.MaxActive
		}
	}
	latency := time.Since(begin)
	list = append(list, throttle.Signal{Name: "latency", Value: latency.Seconds() * 1000, Limit: l.e.config.MaxLatency.Seconds() * 1000, Unit: "ms"})
	for name, r := range l.replicas {
		lag, err := r.Lag(ctx)
		if err != nil {
			return list, fmt.Errorf("replica %s: %w", name, err)
		}
		list = append(list, throttle.Signal{Name: "replica_lag", Of: name, Value: lag.Seconds(), Limit: l.e.config.MaxLag.Seconds(), Unit: "s"})
	}
	return list, nil
}
