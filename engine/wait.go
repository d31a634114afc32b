package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// Pauses between two tries: they double, so that a gate that opens soon is seen soon and one that is
// shut for a day is not asked ten thousand times.
const (
	firstPause   = time.Second
	longestPause = time.Minute
	followPause  = 5 * time.Second // the longest one while another runner is followed
)

// ApplyWithin is Apply for a caller that waits: a gate that isn't open is asked again, a paused run is
// waited for, and while another runner does the same phase of the same plan its progress is
// told as events. When that runner is gone, Apply goes on where it stopped, or reports what is done,
// so the outcome is the run's own. Nothing is waited for once limit has gone by since the call; what this call carries
// out itself isn't cut off. A limit of 0 is Apply.
//
// Errors are those of Apply. A runner that isn't followed is still *state.HeldError: it works on another plan, on
// a phase before the one asked for, or on a rollback. ErrAtWork: the limit is over, and the one that is followed still works.
func (e *Engine) ApplyWithin(ctx context.Context, p *plans.Plan, o Options, limit time.Duration) (Result, error) {
	if limit == 0 {
		return e.Apply(ctx, p, o)
	}
	end := time.Now().Add(limit)
	look := &onlooker{e: e, plan: p, first: wanted(o)[0], last: wanted(o)[len(wanted(o))-1]}
	for next := firstPause; ; next = min(2*next, longestPause) {
		res, err := e.Apply(ctx, p, o)
		if errors.Is(err, state.ErrHeld) {
			res, err = look.attach(ctx, err)
		}
		left := time.Until(end)
		if !worthWaiting(err) || left <= 0 {
			return res, err
		}
		d := min(pauseFor(err, next), left)
		e.observe(Waiting{Reason: err.Error(), Pause: d})
		if err := pause.For(ctx, d); err != nil {
			return res, err
		}
	}
}

// worthWaiting: time alone, or somebody else, may change the answer. A gate that said no did
// answer.
func worthWaiting(err error) bool {
	var held *gate.HeldError
	if errors.As(err, &held) {
		return held.Verdict.State == gate.Inconclusive
	}
	return errors.Is(err, ErrPaused) || errors.Is(err, ErrAtWork)
}

// pauseFor shortens a pause where it is known when the answer may change.
func pauseFor(err error, next time.Duration) time.Duration {
	var held *gate.HeldError
	if errors.As(err, &held) && held.Verdict.Retry > 0 {
		return min(next, held.Verdict.Retry)
	}
	if errors.Is(err, ErrAtWork) {
		return min(next, followPause)
	}
	return next
}

// onlooker tells what the journal of a run shows while another runner works on it.
type onlooker struct {
	e           *Engine
	plan        *plans.Plan
	first, last plans.PhaseName // that were asked for

	holder string
	steps  map[string]state.StepState
	rows   int64
	at     time.Time // when rows were counted
}

// attach looks at the runner that holds the lease. It returns the result where what was asked
// for is done, ErrAtWork while the other one does it, and held as it is for any other work.
func (o *onlooker) attach(ctx context.Context, held error) (Result, error) {
	var h *state.HeldError
	if !errors.As(held, &h) || h.Run != o.plan.ID {
		return Result{}, held
	}
	r, err := o.e.db.Store.Run(ctx, o.plan.ID)
	if errors.Is(err, state.ErrNotFound) { // it is about to be made
		return Result{}, atWork(h)
	}
	if err == nil {
		err = samePlan(r, o.plan)
	}
	if err != nil {
		return Result{}, fmt.Errorf("follow run %s: %w", o.plan.ID, err)
	}
	if o.done(r.Status) {
		return o.e.sealed(ctx, Result{Run: r.ID, Name: r.Name, PlanHash: r.PlanHash, Status: r.Status, Phase: r.Phase, Already: true, Next: next(r.Status)}), nil
	}
	if rank(working(r.Status)) < rank(o.first) {
		return Result{}, held
	}
	if o.holder != h.Holder {
		o.holder = h.Holder
		o.e.observe(RunFollowed{Run: r.ID, Name: r.Name, Status: string(r.Status), Holder: h.Holder, Since: h.Since})
	}
	if err := o.tell(ctx); err != nil {
		return Result{}, err
	}
	return Result{}, atWork(h)
}

func atWork(h *state.HeldError) error {
	return fmt.Errorf("%w: run %s by %s, since %s", ErrAtWork, h.Run, h.Holder, h.Since.UTC().Format(time.RFC3339))
}

// working is the phase that a runner of a run in this state is about; empty where it takes
// something back.
func working(st state.Status) plans.PhaseName {
	switch st {
	case state.Planned, state.RolledBack, state.Expanding:
		return plans.Expand
	case state.Expanded, state.Switching:
		return plans.Switch
	case state.Switched, state.Contracting, state.Done:
		return plans.Contract
	}
	return ""
}

// rank is the place of a phase in their order; -1 for none.
func rank(n plans.PhaseName) int {
	for i, ph := range plans.PhaseNames() {
		if ph == n {
			return i
		}
	}
	return -1
}

// done: the last phase that was asked for is over.
func (o *onlooker) done(st state.Status) bool {
	return st == state.Done || rank(working(st)) > rank(o.last)
}

// tell emits what the journal shows and didn't show before.
func (o *onlooker) tell(ctx context.Context) error {
	list, err := o.e.db.Store.Steps(ctx, o.plan.ID)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	news := o.steps != nil // what was done before is history
	if !news {
		o.steps = map[string]state.StepState{}
	}
	for _, r := range list {
		before := o.steps[r.Step]
		o.steps[r.Step] = r.State
		if r.State == state.Intent {
			err = o.underWay(ctx, r, before != r.State)
		} else if news && before != r.State && r.State == state.StepDone {
			o.e.observe(StepDone{Step: r.Step, Rows: r.Rows, Note: r.Note, Elapsed: r.Ended.Sub(r.Started)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// underWay tells of the step that is being done, and how far it is where that is stored.
func (o *onlooker) underWay(ctx context.Context, r state.StepRecord, begun bool) error {
	st, ok := o.plan.Step(r.Step)
	if !ok {
		return nil
	}
	if begun {
		o.e.observe(StepStarted{Step: st, Resumed: true})
	}
	if st.Kind != plans.Backfill && st.Kind != plans.CopyRows {
		return nil
	}
	segments, err := o.e.db.Store.Segments(ctx, o.plan.ID, st.ID)
	if err != nil {
		return fmt.Errorf("read how far %s is: %w", st.ID, err)
	}
	p := Progress{Step: st.ID, Total: st.Estimate.Rows}
	for _, s := range segments {
		p.Rows += s.Rows
	}
	now := time.Now()
	if !begun && p.Rows > o.rows {
		p.Rate = float64(p.Rows-o.rows) / now.Sub(o.at).Seconds()
		p.ETA = time.Duration(float64(max(p.Total-p.Rows, 0)) / p.Rate * float64(time.Second))
	}
	o.rows, o.at = p.Rows, now
	o.e.observe(p)
	return nil
}
