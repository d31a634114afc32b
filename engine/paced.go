package engine

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// paced runs f with a pacer that follows the signals meanwhile. What holds the work is
// told to the observer, and stored as the run's message for status.
func (s *session) paced(ctx context.Context, st plans.Step, f func(context.Context, *throttle.Pacer) error) error {
	return s.pacedBy(ctx, st, s.gated().Replicas, func(ctx context.Context, w *watch, p *throttle.Pacer) error {
		w.tellFollowers(ctx)
		return f(ctx, p)
	})
}

// pacedReads is paced for work that writes nothing, and so makes no replica late.
func (s *session) pacedReads(ctx context.Context, st plans.Step, f func(context.Context, *throttle.Pacer) error) error {
	return s.pacedBy(ctx, st, nil, func(ctx context.Context, _ *watch, p *throttle.Pacer) error { return f(ctx, p) })
}

func (s *session) pacedBy(ctx context.Context, st plans.Step, replicas plans.Replicas, f func(context.Context, *watch, *throttle.Pacer) error) error {
	w, err := s.watch(ctx, st, replicas)
	if err != nil {
		return err
	}
	defer func() { _ = w.close() }() // closing a reader loses nothing
	p := &throttle.Pacer{Sources: w.sources(), Rate: s.rate, Control: s.ask}
	over, stop := context.WithCancel(ctx)
	defer stop()
	g, gctx := errgroup.WithContext(over)
	g.Go(func() error { p.Run(gctx); return nil })
	g.Go(func() error { return w.beats(gctx) })
	g.Go(func() error { return s.tell(gctx, st, p) })
	g.Go(func() error {
		defer stop()
		return f(gctx, w, p)
	})
	return g.Wait()
}

// tellEvery is how often what holds the work is told.
const tellEvery = time.Second

// tell reports while the work is held or slowed.
func (s *session) tell(ctx context.Context, st plans.Step, p *throttle.Pacer) error {
	told := ""
	var c crawl
	for pause.For(ctx, tellEvery) == nil {
		now := p.State()
		why := now.Reason()
		if times := c.see(time.Now(), p.Spent(), why != ""); times > 0 {
			s.e.observe(Note{crawling(st.ID, times, why)})
		}
		if err := s.sample(ctx, st, now); err != nil {
			return err
		}
		if why != "" {
			s.e.observe(Throttled{Step: st.ID, Reason: why, Share: share(now), Signals: now.Signals})
		}
		if why == told {
			continue
		}
		if err := s.message(ctx, why); errors.Is(err, state.ErrFenced) {
			return err
		}
		told = why
	}
	if told == "" {
		return nil
	}
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = s.message(done, "") // an error of the step is stored over it
	return nil
}

func share(st throttle.State) float64 {
	if st.Hold != "" {
		return 0
	}
	return st.Share
}

// message stores why the run stands where it stands. A message that can't be stored
// changes nothing about the work.
func (s *session) message(ctx context.Context, text string) error {
	return s.e.db.Store.SetRun(ctx, s.lease, s.run.ID, s.run.Status, s.run.Phase, text)
}
