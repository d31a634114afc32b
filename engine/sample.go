package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// pulse is the last word on the progress of a step.
type pulse struct {
	mu   sync.Mutex
	last Progress
}

func (p *pulse) see(e Event) {
	if e, ok := e.(Progress); ok {
		p.mu.Lock()
		p.last = e
		p.mu.Unlock()
	}
}

// of is the progress of one step; nothing before its first word.
func (p *pulse) of(step string) Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.Step != step {
		return Progress{Step: step}
	}
	return p.last
}

// sample tells how a step stands and stores it for who looks from another process, and for the
// report. One that can't be stored changes nothing about the work; only a lost lease ends it.
func (s *session) sample(ctx context.Context, st plans.Step, now throttle.State) error {
	p := s.e.pulse.of(st.ID)
	one := state.Sample{Run: s.run.ID, Step: st.ID, Rows: p.Rows, Total: p.Total, Rate: p.Rate, Hold: now.Reason(), Values: measured(now.Signals)}
	if now.Hold != "" {
		one.Rate = 0 // the last rate that was told is the one before the hold
	}
	s.e.observe(Sampled{one})
	err := s.keep(ctx, one)
	if errors.Is(err, state.ErrFenced) {
		return err
	}
	return nil
}

// keep adds to the run's series. A lease is held, or there is nothing to write under.
func (s *session) keep(ctx context.Context, one state.Sample) error {
	if s.lease.Token == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tellEvery)
	defer cancel()
	store := s.e.db.Store
	var err error
	if one.At, err = store.Now(ctx); err != nil {
		return err
	}
	if s.series == nil {
		list, err := store.Samples(ctx, s.run.ID)
		if err != nil {
			return err
		}
		s.series = state.OpenSeries(list)
	}
	stored, thinned := s.series.Add(one)
	if thinned {
		return store.SetSamples(ctx, s.lease, s.run.ID, s.series.Samples)
	}
	return store.PutSample(ctx, s.lease, stored)
}

func measured(list []throttle.Signal) []state.Measured {
	var out []state.Measured
	for _, g := range list {
		if g.Why == "" {
			out = append(out, state.Measured{Name: g.Name, Of: g.Of, Unit: g.Unit, Value: g.Value, Limit: g.Limit})
		}
	}
	return out
}

// Glance is what there is to see of a run at one moment, from the state alone: read often, by
// processes that don't carry it out.
type Glance struct {
	state.Run
	Plan     *plans.Plan        `json:"plan"`
	Steps    []state.StepRecord `json:"steps"`
	Control  state.Control      `json:"control"`
	Evidence []state.Evidence   `json:"evidence"`
	Samples  []state.Sample     `json:"samples"`
	Now      time.Time          `json:"now"` // database clock
}

// Glance reads a run for somebody who watches it. It takes no lease and writes nothing.
func (e *Engine) Glance(ctx context.Context, id string) (g Glance, err error) {
	st := e.db.Store
	if g.Run, err = st.Run(ctx, id); err != nil {
		return g, err
	}
	if g.Plan, err = plans.Decode(g.Run.Plan); err != nil {
		return g, err
	}
	if g.Steps, err = st.Steps(ctx, id); err != nil {
		return g, err
	}
	if g.Control, err = st.Control(ctx, id); err != nil {
		return g, err
	}
	if g.Evidence, err = st.Evidence(ctx, id); err != nil {
		return g, err
	}
	if g.Samples, err = st.Samples(ctx, id); err != nil {
		return g, err
	}
	g.Now, err = st.Now(ctx)
	return g, err
}
