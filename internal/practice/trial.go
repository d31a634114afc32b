package practice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
)

// idle is how long the probes run before the first move, to see what they take by themselves.
const idle = 300 * time.Millisecond

// trial is the drill at one size.
type trial struct {
	*practice
	dsn    string
	db     *dialect.Database
	engine *engine.Engine
	watch  *watch
	probes *probes
	out    drill.Trial
	spans  [][]span // of each move

	before  *snapshot // of the phase that will be taken back
	written *snapshot // right before a rollback, if checks have written
}

// run carries out all moves. An error of a move is in the result, too.
func (t *trial) run(ctx context.Context) error {
	probing, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	g.Go(func() error { return t.probes.run(probing, t.dsn, t.tongue, t.Plan) })
	err := t.moves(ctx)
	stop()
	if perr := g.Wait(); err == nil {
		err = perr
	}
	for i, s := range t.spans {
		t.out.Moves[i].Steps = t.probes.tell(s)
	}
	return err
}

func (t *trial) moves(ctx context.Context) error {
	begin := time.Now()
	if err := pause.For(ctx, idle); err != nil {
		return err
	}
	t.out.Noise = t.probes.since(begin.Add(idle / 3)) // the first ones connect
	start := drill.Made{State: drill.Start}
	if err := t.check(ctx, &start); err != nil {
		return err
	}
	t.add(start, nil)
	list := drill.Moves(t.Plan)
	for i, m := range list {
		if i+1 < len(list) && list[i+1].Back {
			var err error
			if t.before, err = t.look(ctx); err != nil {
				return err
			}
			t.written = nil
		}
		if err := t.move(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) add(m drill.Made, s []span) {
	t.out.Moves, t.spans = append(t.out.Moves, m), append(t.spans, s)
}

func (t *trial) look(ctx context.Context) (*snapshot, error) {
	return look(ctx, t.dsn, t.tongue, t.Plan, t.db)
}

func (t *trial) move(ctx context.Context, m drill.Move) error {
	fmt.Fprintf(t.Log, "%s with %d rows\n", m, t.out.Rows)
	made := drill.Made{Move: m, State: m.State()}
	begin := time.Now()
	res, err := t.carry(ctx, m)
	made.Elapsed = time.Since(begin)
	spans := t.watch.take(res)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		made.Error = err.Error()
		t.add(made, spans)
		return fmt.Errorf("%s: %w", m, err)
	}
	if m.Back {
		now, err := t.look(ctx)
		if err != nil {
			return err
		}
		made.Compared = compare(t.Plan, t.before, t.written, now)
	}
	err = t.check(ctx, &made)
	t.add(made, spans)
	return err
}

func (t *trial) carry(ctx context.Context, m drill.Move) (engine.Result, error) {
	if m.Back {
		return t.engine.Rollback(ctx, t.Plan.ID, engine.RollbackOptions{})
	}
	res, err := t.engine.Apply(ctx, t.Plan, engine.Options{Phase: m.Phase, Before: m.Before,
		OldInstancesGone: "a drill: no instance uses its server"})
	if errors.Is(err, engine.ErrStopped) {
		err = nil
	}
	return res, err
}

// check tries old and new code in the state that is reached, and looks whether that wrote.
func (t *trial) check(ctx context.Context, m *drill.Made) error {
	old, next := drill.Expect(t.Plan, m.State)
	forward := t.before != nil && !m.Back && m.Phase != "" && (t.Old.Command != "" || t.New.Command != "")
	var first *snapshot
	var err error
	if forward {
		if first, err = t.look(ctx); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		code string
		need drill.Need
		Check
	}{{"old", old, t.Old}, {"new", next, t.New}} {
		if c.need == drill.Unasked || c.Words() == "" {
			continue
		}
		m.Checked = append(m.Checked, c.try(ctx, t.tongue, t.dsn, c.code, c.need, m.State))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if !forward {
		return nil
	}
	last, err := t.look(ctx)
	if err == nil && !last.sameRows(first) {
		t.written = last
	}
	return err
}

// sizes counts the rows of the plan's tables.
func (t *trial) sizes(ctx context.Context, p *plans.Plan) error {
	s, err := t.look(ctx)
	if err != nil {
		return err
	}
	for _, id := range p.Tables() {
		n, ok := s.rows[id]
		if !ok { // it isn't there yet
			continue
		}
		if len(t.out.Tables) == 0 || n < t.out.Rows {
			t.out.Rows = n
		}
		t.out.Tables = append(t.out.Tables, drill.Size{Table: id.String(), Rows: n})
	}
	return nil
}
