package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// alters reports whether a step is one of an ALTER TABLE.
func alters(k plans.StepKind) bool {
	return slices.Contains([]plans.StepKind{plans.RunAlter, plans.CreateShadow, plans.CopyRows, plans.CutOver, plans.DropOld}, k)
}

// shadowState is what the catalog shows of a shadow's tables.
type shadowState struct {
	table, new, old *relation
}

// isSentry: an empty table that only keeps a name taken counts as no table.
func isSentry(r *relation) bool {
	return strings.HasPrefix(r.comment, "[phasemig ") && strings.Contains(r.comment, ": "+sentry+";")
}

// relation is a table's name card.
type relation struct {
	comment string
}

func (s *server) shadowState(ctx context.Context, a *plans.Alter) (shadowState, error) {
	var out shadowState
	list, err := records(ctx, s.db, "SELECT table_name, table_comment FROM information_schema.tables WHERE table_schema = ? AND table_name IN (?, ?, ?)", a.Table.Schema, a.Table.Name, a.New, a.Old)
	if err != nil {
		return out, fmt.Errorf("look for the shadow of %s: %w", a.Table, err)
	}
	for _, r := range list {
		k := &relation{comment: r["table_comment"]}
		if isSentry(k) {
			continue
		}
		switch r["table_name"] {
		case a.Table.Name:
			out.table = k
		case a.New:
			out.new = k
		case a.Old:
			out.old = k
		}
	}
	return out, nil
}

// What the comments of a run's tables say.
const (
	shadowReady = "the shadow of a table, kept in step until it takes its place"
	oldOne      = "the table before its change of shape"
)

func (k alterKitchen) isMarked(r *relation, what string) bool {
	return r != nil && strings.Contains(r.comment, fmt.Sprintf("[phasemig %s: %s;", k.planID, what))
}

func (s *server) observeAlter(ctx context.Context, p *plans.Plan, st plans.Step) (dialect.Outcome, string, error) {
	a := &p.Alters[st.Alter]
	k := alterKitchen{a: a, planID: p.ID}
	if st.Kind == plans.RunAlter {
		return s.observeNative(ctx, a)
	}
	at, err := s.shadowState(ctx, a)
	if err != nil {
		return 0, "", err
	}
	switch st.Kind {
	case plans.CreateShadow:
		return s.observeShadow(ctx, k, at)
	case plans.CopyRows:
		return s.observeLate(ctx, a)
	case plans.CutOver:
		return k.observeSwap(at)
	}
	if at.old == nil {
		return dialect.Done, "the old table is gone", nil
	}
	return dialect.NotStarted, "the old table is there", nil
}

func (s *server) observeNative(ctx context.Context, a *plans.Alter) (dialect.Outcome, string, error) {
	t, err := s.Table(ctx, a.Table)
	if err != nil {
		return 0, "", err
	}
	if slices.Equal(a.Shows(t), a.Result) {
		return dialect.Done, "the table has its new shape", nil
	}
	return dialect.NotStarted, "the table doesn't have its new shape", nil
}

// observeShadow: until the mark is set the table is empty and made anew.
func (s *server) observeShadow(ctx context.Context, k alterKitchen, at shadowState) (dialect.Outcome, string, error) {
	switch {
	case at.old != nil && at.new == nil, k.isMarked(at.new, shadowReady):
		return dialect.Done, "the shadow is there", nil
	case at.new == nil:
		return dialect.NotStarted, "no shadow", nil
	}
	var n int
	if err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM "+k.table(k.a.New)+" LIMIT 1) AS t").Scan(&n); err != nil {
		return 0, "", fmt.Errorf("look into %s: %w", k.a.New, classify(err))
	}
	if n > 0 {
		return dialect.Foreign, fmt.Sprintf("table %s exists, holds rows, and does not carry the mark of this run", k.a.New), nil
	}
	return dialect.Partial, "the shadow is being made", nil
}

func (k alterKitchen) observeSwap(at shadowState) (dialect.Outcome, string, error) {
	switch {
	case at.table != nil && at.old != nil && at.new == nil:
		if k.isMarked(at.old, oldOne) {
			return dialect.Done, "the tables have changed places", nil
		}
		return dialect.Partial, "the tables have changed places; the old one is not marked yet", nil
	case at.table != nil && at.new != nil && at.old == nil:
		if !k.isMarked(at.new, shadowReady) {
			return dialect.Partial, "the tables have changed back; the shadow is not marked yet", nil
		}
		return dialect.NotStarted, "the tables have not changed places", nil
	}
	return 0, "", fmt.Errorf("of %s, %s and %s not exactly two exist: somebody renamed or dropped one", k.a.Table.Name, k.a.New, k.a.Old)
}

func (s *server) doAlter(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	k := alterKitchen{a: &p.Alters[st.Alter], planID: p.ID}
	w, err := s.worker(ctx, st.Table, env)
	if err != nil {
		return fmt.Errorf("%s: %w", st.ID, err)
	}
	defer w.close()
	switch st.Kind {
	case plans.RunAlter:
		return w.runNative(ctx, st)
	case plans.CreateShadow:
		return w.createShadow(ctx, k, st)
	case plans.CopyRows:
		return w.buildLate(ctx, k, st)
	case plans.CutOver:
		return w.markSwapped(ctx, k)
	}
	for _, q := range st.SQL { // the old table last: it tells whether all is done
		if err := w.exec(ctx, q); err != nil && !errors.Is(err, dberr.NotThere) {
			return fmt.Errorf("%s: %w", firstLine(q), err)
		}
	}
	if err := w.dropSentry(ctx, k, k.a.New); err != nil {
		return err
	}
	return w.forgetCheckpoint(ctx, k)
}

func (w *worker) runNative(ctx context.Context, st plans.Step) error {
	err := w.exec(ctx, st.SQL[0])
	if err != nil && algorithmRefused(err) {
		return &plans.DriftError{What: "the server can't do this to the table in the planned way; plan again", Diff: []string{"- " + st.SQL[0], "+ " + err.Error()}}
	}
	return err
}

// createShadow makes the shadow from nothing: one that a crash left is empty and
// unmarked, and goes first.
func (w *worker) createShadow(ctx context.Context, k alterKitchen, st plans.Step) error {
	if err := w.carriable(ctx, k); err != nil {
		return err
	}
	if err := w.exec(ctx, "DROP TABLE IF EXISTS "+k.table(k.a.New)); err != nil {
		return err
	}
	for i, q := range st.SQL {
		if i > 0 {
			if err := fault.Point("step.statement"); err != nil {
				return err
			}
		}
		if err := w.exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", firstLine(q), err)
		}
	}
	if err := w.rehearse(ctx, k); err != nil {
		return err
	}
	if err := w.makeCheckpoint(ctx, k); err != nil {
		return err
	}
	comment, err := w.comment(ctx, schema.Ident{Schema: k.a.Table.Schema, Name: k.a.New})
	if err != nil {
		return err
	}
	return w.setComment(ctx, k, k.a.New, marked(unmarked(comment), shadowReady, k.planID))
}

func (w *worker) comment(ctx context.Context, id schema.Ident) (string, error) {
	return tableComment(ctx, w.conn, id)
}

func (w *worker) setComment(ctx context.Context, k alterKitchen, table, comment string) error {
	return w.exec(ctx, k.mine("ALTER TABLE "+k.table(table)+" COMMENT = "+quoteText(comment)))
}

// markSwapped marks the table that stands aside after a swap, and takes the mark off
// the one that has taken its place: the swap itself does it, but for a crash in between.
func (w *worker) markSwapped(ctx context.Context, k alterKitchen) error {
	at, err := w.s.shadowState(ctx, k.a)
	if err != nil {
		return err
	}
	aside, what := k.a.New, shadowReady
	if at.new == nil {
		aside, what = k.a.Old, oldOne
	}
	return w.markAside(ctx, k, aside, what)
}

func (w *worker) markAside(ctx context.Context, k alterKitchen, aside, what string) error {
	if err := w.silence(ctx, k.aside(aside)); err != nil {
		return err
	}
	comment, err := w.comment(ctx, k.a.Table)
	if err != nil {
		return err
	}
	if clean := unmarked(comment); clean != comment {
		if err := w.setComment(ctx, k, k.a.Table.Name, clean); err != nil {
			return err
		}
	}
	if comment, err = w.comment(ctx, schema.Ident{Schema: k.a.Table.Schema, Name: aside}); err != nil {
		return err
	}
	return w.setComment(ctx, k, aside, marked(unmarked(comment), what, k.planID))
}

func (s *server) undoAlter(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	k := alterKitchen{a: &p.Alters[st.Alter], planID: p.ID}
	if st.Kind == plans.RunAlter || st.Kind == plans.DropOld {
		return &plans.RefusedError{What: "undo of " + st.ID, Reason: "what it did can't be taken back"}
	}
	w, err := s.worker(ctx, st.Table, env)
	if err != nil {
		return fmt.Errorf("%s: %w", st.ID, err)
	}
	defer w.close()
	if st.Kind == plans.CutOver {
		return w.markSwapped(ctx, k)
	}
	// The shadow goes first: with it gone, no RENAME that comes late can succeed.
	if err := w.exec(ctx, st.Undo[0]); err != nil && !errors.Is(err, dberr.NotThere) {
		return err
	}
	if err := w.dropSentry(ctx, k, k.a.Old); err != nil {
		return err
	}
	return w.forgetCheckpoint(ctx, k)
}

// checkpointTable is where a run keeps from where the log is read for one of its copies, and its marks. It
// is a table of the run's own, because the cut-over locks it.
func checkpointTable(planID string, n int) schema.Ident {
	name := "checkpoint_" + planID
	if n > 0 {
		name += fmt.Sprintf("_%d", n)
	}
	return schema.Ident{Schema: stateSchema, Name: name}
}

func (w *worker) makeCheckpoint(ctx context.Context, k alterKitchen) error {
	return w.exec(ctx, "CREATE TABLE IF NOT EXISTS "+quoteTable(checkpointTable(k.planID, k.a.N))+` (role VARCHAR(16) NOT NULL, lane INT NOT NULL,
		log_position LONGTEXT NOT NULL, mark BIGINT NOT NULL, PRIMARY KEY (role, lane)) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
		COMMENT='phasemig: from where run `+k.planID+` reads the log; to remove it when the run is over: DROP TABLE'`)
}

func (w *worker) forgetCheckpoint(ctx context.Context, k alterKitchen) error {
	return w.exec(ctx, "DROP TABLE IF EXISTS "+quoteTable(checkpointTable(k.planID, k.a.N)))
}
