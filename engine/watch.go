package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/throttle"
)

// watch asks all that may hold the copying of one step back.
type watch struct {
	s        *session
	step     plans.Step
	replicas []*follower
	beat     beat
	latency  latency
}

func (s *session) watch(ctx context.Context, st plans.Step, replicas plans.Replicas) (*watch, error) {
	c := s.e.config
	if err := s.e.checkLoad(ctx, c.MaxLoad, c.CriticalLoad); err != nil {
		return nil, err
	}
	w := &watch{s: s, step: st, latency: latency{window: throttle.Window{Span: latencySpan}}}
	if replicas.None() {
		replicas = nil
	}
	if err := w.open(ctx, replicas); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *watch) open(ctx context.Context, names []string) error {
	for _, name := range names {
		r, err := w.s.e.replica(ctx, name)
		if err != nil {
			return err
		}
		w.replicas = append(w.replicas, &follower{Replica: r, name: name, since: time.Now()})
	}
	if len(w.replicas) == 0 {
		return nil
	}
	return w.write(ctx) // before anybody looks for it
}

func (w *watch) close() error {
	var errs []error
	for _, r := range w.replicas {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
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

// sources lists who is asked. Latencies and lags are asked four times a second: what
// they show is to be answered within one.
func (w *watch) sources() []throttle.Source {
	const often = 250 * time.Millisecond
	list := []throttle.Source{{Name: "load", Ask: w.load}, {Name: "latency", Every: often, Ask: w.took}}
	for _, r := range w.replicas {
		list = append(list, throttle.Source{Name: "replica " + r.name, Every: often, Ask: func(ctx context.Context) ([]throttle.Signal, error) { return w.lag(ctx, r) }})
	}
	c := w.s.e.config
	if c.HTTP.URL != "" {
		list = append(list, c.HTTP.Source())
	}
	if c.Query != "" {
		list = append(list, throttle.Query(func(ctx context.Context) (float64, error) { return w.s.e.db.Watch.Number(ctx, c.Query) }))
	}
	if c.FlagFile != "" {
		list = append(list, throttle.FlagFile(c.FlagFile))
	}
	return list
}

// load is the server's own signals and the variables that expressions name.
func (w *watch) load(ctx context.Context) ([]throttle.Signal, error) {
	l, err := w.s.limits()
	if err != nil {
		return nil, err
	}
	list, err := w.s.e.db.Watch.Load(ctx, w.step.Table)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == "active_sessions" && w.s.e.config.MaxActive > 0 {
			list[i].Limit = w.s.e.config.MaxActive
		}
	}
	names := append(l.load.Names(), l.critical.Names()...)
	if len(names) == 0 {
		return list, nil
	}
	values, err := w.s.e.db.Watch.Variables(ctx, names)
	if err != nil {
		return list, err
	}
	return slices.Concat(list, l.load.Signals(values, throttle.Hold), l.critical.Signals(values, throttle.Stop)), nil
}

// latencySpan is how long the statements of a quantile are gathered.
const latencySpan = time.Second

// latency is what is known of the statements of the application.
type latency struct {
	meter  dialect.Latency
	probe  bool // the server doesn't tell: a query of our own is timed
	window throttle.Window
	whole  throttle.Transactions
	last   time.Time
	untold bool // nothing depends on it, and it couldn't be read: it isn't tried again for that
	shown  []throttle.Signal
}

// took measures for the throttle while there is a limit, and else for who looks.
func (w *watch) took(ctx context.Context) ([]throttle.Signal, error) {
	l, err := w.s.limits()
	if err != nil {
		return nil, err
	}
	if l.latency == 0 {
		return w.show(ctx), nil
	}
	ended, what, err := w.ended(ctx)
	if err != nil {
		return nil, err
	}
	return w.quantile(ended, what, l.latency), nil
}

// showEvery is how often latencies are read that nothing depends on.
const showEvery = time.Second

// show measures where the server tells, and holds nothing back where it doesn't.
func (w *watch) show(ctx context.Context) []throttle.Signal {
	lat := &w.latency
	if lat.untold || lat.probe {
		return nil
	}
	if time.Since(lat.last) < showEvery {
		return lat.shown
	}
	ended, what, err := w.statements(ctx)
	if err != nil {
		lat.untold = ctx.Err() == nil
		lat.shown = nil
		return nil
	}
	lat.shown = w.quantile(ended, what, 0)
	return lat.shown
}

func (w *watch) quantile(ended throttle.Ended, what string, limit time.Duration) []throttle.Signal {
	now := time.Now()
	if now.Sub(w.latency.last) > 2*latencySpan { // all that ended since it was last read
		ended = throttle.Ended{}
	}
	lat := &w.latency
	lat.last = now
	lat.whole.See(ended)
	slow, rest := lat.whole.Slow(), lat.whole.Rest()
	if !ended.Each { // a mean has the others in it
		rest = 0
	}
	p99 := lat.window.Add(now, ended.Statements).Quantile(1-slow) + rest
	signal := throttle.Signal{Name: "latency", Of: "p99 of " + what, Value: milliseconds(p99), Limit: milliseconds(limit), Unit: "ms", Act: throttle.Slow}
	signal.Longest = limit
	if ended.Each && limit > 0 {
		signal.Tail = &throttle.Tail{Over: float64(ended.Statements.Over(limit - rest)), Allowed: slow * float64(ended.Statements.Count())}
	}
	return []throttle.Signal{signal}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func (w *watch) ended(ctx context.Context) (throttle.Ended, string, error) {
	lat := &w.latency
	if !lat.probe {
		h, what, err := w.statements(ctx)
		if !errors.Is(err, dberr.NotThere) && !errors.Is(err, dberr.Denied) {
			return h, what, err
		}
		lat.probe = true
		w.s.e.observe(Note{fmt.Sprintf("how long the application's statements take can't be read (%s): the time of a query of our own is taken for it", err)})
	}
	begin := time.Now()
	_, err := w.s.e.db.Watch.Load(ctx, w.step.Table)
	return throttle.Ended{Statements: throttle.Histogram{time.Since(begin): 1}}, "a query of our own", err
}

// statements fails with dberr.NotThere or dberr.Denied where the server doesn't tell.
func (w *watch) statements(ctx context.Context) (throttle.Ended, string, error) {
	if w.latency.meter == nil {
		m, err := w.s.e.db.Watch.Latency(ctx)
		if err != nil {
			return throttle.Ended{}, "", err
		}
		w.latency.meter = m
	}
	h, err := w.latency.meter.Took(ctx)
	return h, w.latency.meter.What(), err
}

// tellFollowers names readers of the log that the plan doesn't: their lag holds
// nothing back.
func (w *watch) tellFollowers(ctx context.Context) {
	known, err := w.s.e.db.Watch.Followers(ctx)
	if err != nil {
		if !errors.Is(err, dberr.Denied) {
			w.s.e.observe(Note{"which replicas the target has can't be told: " + err.Error()})
		}
		return
	}
	shown := unnamed(known, w.names(ctx))
	if len(shown) == 0 {
		return
	}
	w.s.e.observe(Note{fmt.Sprintf("%d of %d readers of the target's log are replicas that the plan doesn't name (%s): their lag holds nothing back; name them under replicas in the change file",
		len(shown), len(known), strings.Join(shown, ", "))})
}

func (w *watch) names(ctx context.Context) []string {
	var out []string
	for _, r := range w.replicas {
		if name, err := r.Name(ctx); err == nil { // one that can't say who it is counts as not named
			out = append(out, name)
		}
	}
	return out
}

// unnamed are those left when each name has taken one of its followers.
func unnamed(known []dialect.Follower, names []string) []string {
	var out []string
	for _, f := range known {
		if i := slices.Index(names, f.Name); i >= 0 {
			names = slices.Delete(names, i, i+1)
			continue
		}
		out = append(out, f.Shown)
	}
	return out
}
