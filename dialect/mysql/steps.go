package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// Observe implements dialect.Steps.
func (s *server) Observe(ctx context.Context, p *plans.Plan, st plans.Step) (dialect.Outcome, string, error) {
	if alters(st.Kind) {
		return s.observeAlter(ctx, p, st)
	}
	if st.Kind == plans.RunAct {
		return s.observeWhole(ctx, st)
	}
	r, err := prepare(p, st)
	if err != nil {
		return 0, "", err
	}
	t, err := s.Table(ctx, st.Table)
	if err != nil {
		return 0, "", err
	}
	if r.foreign != nil {
		if said := r.foreign(t); said != "" {
			return dialect.Foreign, said, nil
		}
	}
	if _, moved := t.Column(p.Syncs[st.Sync].Old[0].Hidden); moved && st.Kind == plans.InstallSync {
		if r.do, err = movedSync(&p.Syncs[st.Sync], p.ID); err != nil {
			return 0, "", err
		}
	}
	out, said := look(r.do, t)
	if st.Kind == plans.InstallSync && out == dialect.Done {
		if later := laterTrigger(t, p.Syncs[st.Sync].Trigger); later != "" {
			return dialect.Partial, "trigger " + later + " was made after ours and fires after them", nil
		}
	}
	if out == dialect.Partial && (st.Kind == plans.Swap || st.Kind == plans.Hide) {
		said += "; " + writtenSide(&p.Syncs[st.Sync], t) + " side is written"
	}
	return out, said, nil
}

// look tells how much of a step the catalog shows.
func look(stages []stage, t *schema.Table) (dialect.Outcome, string) {
	var missing, there int
	next := ""
	for _, g := range stages {
		for _, a := range g.acts {
			if a.done(t) {
				there++
				continue
			}
			if missing++; next == "" {
				next = a.sql
			}
		}
	}
	switch {
	case missing == 0:
		return dialect.Done, "all there"
	case there == 0:
		return dialect.NotStarted, "nothing there"
	}
	return dialect.Partial, fmt.Sprintf("%d of %d statements show; the first that doesn't: %s", there, there+missing, firstLine(next))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// writtenSide tells which side the application wrote while a move was cut in two:
// it names the columns that are in sight.
func writtenSide(s *plans.Sync, t *schema.Table) string {
	if _, moved := t.Column(s.Old[0].Hidden); moved {
		return "new"
	}
	if s.Swap {
		return "old" // nobody names the new column before the swap
	}
	return "new"
}

// laterTrigger finds a trigger of the same kind that fires after ours: what it
// changes we don't see.
func laterTrigger(t *schema.Table, base string) string {
	last := map[string]int{}
	for _, g := range t.Triggers {
		if g.Name == base+"_u" || g.Name == base+"_i" {
			last[g.Timing+g.Event] = g.Order
		}
	}
	for _, g := range t.Triggers {
		if n, ok := last[g.Timing+g.Event]; ok && g.Order > n && !ours(g.Name) {
			return g.Name
		}
	}
	return ""
}

// prepare makes the step's recipe and compares it with what the plan shows.
func prepare(p *plans.Plan, st plans.Step) (recipe, error) {
	s := &p.Syncs[st.Sync]
	r, err := cook(s, p.ID, st)
	if err != nil {
		return r, err
	}
	if !slices.Equal(text(r.do, s), st.SQL) || !slices.Equal(text(r.undo, s), st.Undo) {
		return r, &plans.DriftError{What: "step " + st.ID + " was planned by another version of phasemig, whose statements this one can't follow: use that version, or plan again"}
	}
	return r, nil
}

// Do implements dialect.Steps.
func (s *server) Do(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	if alters(st.Kind) {
		return s.doAlter(ctx, p, st, env)
	}
	if st.Kind == plans.RunAct {
		return s.doWhole(ctx, st, env)
	}
	r, err := prepare(p, st)
	if err != nil {
		return err
	}
	if st.Kind == plans.InstallSync {
		if err := s.reinstall(ctx, p, st, env, r); err != nil {
			return err
		}
	}
	return s.perform(ctx, r.do, st, env)
}

// reinstall takes our triggers away, under the lock that puts them back behind a
// later one of somebody else.
func (s *server) reinstall(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env, r recipe) error {
	t, err := s.Table(ctx, st.Table)
	if err != nil || laterTrigger(t, p.Syncs[st.Sync].Trigger) == "" {
		return err
	}
	again := stage{locked: true}
	for _, a := range r.undo[0].acts {
		again.acts = append(again.acts, action{sql: a.sql, done: a.done})
	}
	for _, a := range r.do[0].acts {
		again.acts = append(again.acts, action{sql: a.sql, make: a.make, done: func(*schema.Table) bool { return false }})
	}
	return s.perform(ctx, []stage{again}, st, env)
}

// Undo implements dialect.Steps.
func (s *server) Undo(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	if alters(st.Kind) {
		return s.undoAlter(ctx, p, st, env)
	}
	if st.Kind == plans.RunAct {
		return s.undoWhole(ctx, st, env)
	}
	r, err := prepare(p, st)
	if err != nil {
		return err
	}
	if len(r.undo) == 0 {
		return &plans.RefusedError{What: "undo of " + st.ID, Reason: "what it dropped is gone"}
	}
	return s.perform(ctx, r.undo, st, env)
}

// perform runs the statements that the catalog doesn't show yet.
func (s *server) perform(ctx context.Context, stages []stage, st plans.Step, env dialect.Env) error {
	w, err := s.worker(ctx, st.Table, env)
	if err != nil {
		return fmt.Errorf("%s: %w", st.ID, err)
	}
	defer w.close()
	for _, g := range stages {
		run := w.each
		if g.locked {
			run = w.locked
		}
		if err := run(ctx, g); err != nil {
			return fmt.Errorf("%s: %w", st.ID, err)
		}
	}
	return nil
}

// worker is one session that runs DDL. It ends with its connection, and with it
// every lock and setting.
type worker struct {
	s     *server
	conn  *sql.Conn
	table schema.Ident
	fence state.Fence
}

func (s *server) worker(ctx context.Context, table schema.Ident, env dialect.Env) (*worker, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	w := &worker{s, conn, table, env.Lease.Fence(table)}
	if err := w.begin(ctx, env); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// begin bounds the waits for metadata locks, in whole seconds and at least one,
// and journals the session.
func (w *worker) begin(ctx context.Context, env dialect.Env) error {
	wait := max(int64(env.LockWait.Seconds()+0.999), 1)
	if err := w.exec(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d, innodb_lock_wait_timeout = %d", wait, wait)); err != nil {
		return err
	}
	var id string
	if err := w.conn.QueryRowContext(ctx, "SELECT CONNECTION_ID() + 0").Scan(&id); err != nil {
		return classify(err)
	}
	if env.Journal == nil {
		return nil
	}
	return env.Journal(ctx, id)
}

// close throws the connection away.
func (w *worker) close() { discard(w.conn) }

func (w *worker) exec(ctx context.Context, q string) error {
	_, err := w.conn.ExecContext(ctx, q)
	return classify(err)
}

func (w *worker) shape(ctx context.Context, locked bool) (*schema.Table, error) {
	c := catalog{ctx: ctx, q: w.conn, id: w.table, locked: locked}
	return c.read()
}

// each runs statements one after the other; between two of them others see the
// table as it is.
func (w *worker) each(ctx context.Context, g stage) error {
	if g.session != "" {
		if err := w.exec(ctx, g.session); err != nil {
			return err
		}
	}
	return w.acts(ctx, g)
}

func (w *worker) acts(ctx context.Context, g stage) error {
	t, err := w.shape(ctx, g.locked)
	if err != nil {
		return err
	}
	ran := false
	for _, a := range g.acts {
		if a.done(t) {
			continue
		}
		if ran {
			if err := fault.Point("step.statement"); err != nil {
				return err
			}
		}
		if err := breathe(ctx, ran && !g.locked); err != nil {
			return err
		}
		if err := w.act(ctx, a); err != nil {
			return err
		}
		ran = true
	}
	return nil
}

// breath is the time between two changes of a table that statements of the
// application wait behind. The server prepares a statement again up to three
// times when its table changed in the meantime and then fails it with 1615: those
// that wait must get in between.
const breath = 50 * time.Millisecond

func breathe(ctx context.Context, need bool) error {
	if !need {
		return nil
	}
	return pause.For(ctx, breath)
}

func (w *worker) act(ctx context.Context, a action) error {
	q := a.sql
	if a.make != nil {
		q = a.make.create(w.table, w.s.definer)
	}
	err := w.exec(ctx, q)
	if err != nil && a.instead != "" && algorithmRefused(err) {
		q, err = a.instead, w.exec(ctx, a.instead)
	}
	if err != nil && algorithmRefused(err) {
		return &plans.DriftError{What: "the server can't do this to the table in the planned way; plan again", Diff: []string{"- " + firstLine(q), "+ " + err.Error()}}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", firstLine(q), err)
	}
	return nil
}

// locked runs statements under LOCK TABLES. No transaction may begin before
// UNLOCK: it would give the locks up without a word.
func (w *worker) locked(ctx context.Context, g stage) error {
	if err := w.lockTables(ctx, w.table); err != nil {
		return fmt.Errorf("lock the table: %w", err)
	}
	if err := w.holdsLease(ctx); err != nil {
		return err
	}
	if err := fault.Point("step.locked"); err != nil {
		return err
	}
	if err := w.acts(ctx, g); err != nil {
		return err
	}
	return w.exec(context.WithoutCancel(ctx), "UNLOCK TABLES")
}

func (w *worker) lockTables(ctx context.Context, t schema.Ident) error {
	if err := w.exec(ctx, endSoon); err != nil {
		return err
	}
	return w.exec(ctx, lockTables(t))
}

// holdsLease reads the lease without a row lock, which LOCK TABLES doesn't allow
// and doesn't need: nobody can change the row while we hold the table for reading.
func (w *worker) holdsLease(ctx context.Context) error {
	var epoch int64
	var token string
	err := w.conn.QueryRowContext(ctx, "SELECT epoch, token FROM "+quote(stateSchema)+".lease_epoch WHERE scope = ?", w.fence.Scope).Scan(&epoch, &token)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: the lease on %s is gone", state.ErrFenced, w.fence.Scope)
	}
	if err != nil {
		return fmt.Errorf("check the lease: %w", classify(err))
	}
	if epoch != w.fence.Epoch || token != w.fence.Token || token == "" {
		return fmt.Errorf("%w: %s is at epoch %d, ours was %d", state.ErrFenced, w.fence.Scope, epoch, w.fence.Epoch)
	}
	return nil
}
