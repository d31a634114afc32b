package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

// alters reports whether a step is one of an ALTER TABLE.
func alters(k plans.StepKind) bool {
	return slices.Contains([]plans.StepKind{plans.RunAlter, plans.CreateShadow, plans.CutOver, plans.DropOld}, k)
}

// shadowState is what the catalog shows of a shadow.
type shadowState struct {
	table, shadow, aside bool   // which of the three places hold a table
	mark                 string // the comment of the shadow's schema; "" where there is no schema
	asideSchema          bool
	checkpoint           bool
}

func (s *server) shadowState(ctx context.Context, k alterKitchen) (shadowState, error) {
	var out shadowState
	var there bool
	err := s.db.QueryRowContext(ctx, `SELECT pg_catalog.to_regclass($1) IS NOT NULL, pg_catalog.to_regclass($2) IS NOT NULL, pg_catalog.to_regclass($3) IS NOT NULL,
		n.oid IS NOT NULL, coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace'), ''), pg_catalog.to_regnamespace($5) IS NOT NULL, pg_catalog.to_regclass($6) IS NOT NULL
		FROM (VALUES (1)) AS v LEFT JOIN pg_catalog.pg_namespace n ON n.oid = pg_catalog.to_regnamespace($4)::oid`,
		relation(k.a.Table), relation(k.at().shadowPlace(k.a.Table)), relation(k.at().asidePlace(k.a.Table)),
		Quote(k.at().shadowSchema()), Quote(k.at().asideSchema()), relation(k.at().checkpoint())).
		Scan(&out.table, &out.shadow, &out.aside, &there, &out.mark, &out.asideSchema, &out.checkpoint)
	if err != nil {
		return out, fmt.Errorf("look for the shadow of %s: %w", k.a.Table, classify(err))
	}
	if there && out.mark == "" {
		out.mark = "somebody else's"
	}
	return out, nil
}

func (x *steps) observeAlter(ctx context.Context, p *plans.Plan, st plans.Step) (dialect.Outcome, string, error) {
	k := alterKitchen{a: &p.Alters[st.Alter], planID: p.ID}
	if st.Kind == plans.RunAlter {
		return x.observeNative(ctx, k.a)
	}
	at, err := x.shadowState(ctx, k)
	if err != nil {
		return 0, "", err
	}
	switch st.Kind {
	case plans.CreateShadow:
		return k.observeShadow(at)
	case plans.CutOver:
		return x.observeSwap(ctx, k, at)
	}
	if !at.asideSchema {
		return dialect.Done, "the old table is gone", nil
	}
	return dialect.NotStarted, "the old table is there", nil
}

func (x *steps) observeNative(ctx context.Context, a *plans.Alter) (dialect.Outcome, string, error) {
	t, err := x.Table(ctx, a.Table)
	if err != nil {
		return 0, "", err
	}
	if slices.Equal(a.Shows(t), a.Result) {
		return dialect.Done, "the table has its new shape", nil
	}
	return dialect.NotStarted, "the table doesn't have its new shape", nil
}

// observeShadow: it is made whole in one transaction, or not at all.
func (k alterKitchen) observeShadow(at shadowState) (dialect.Outcome, string, error) {
	switch {
	case at.mark == "" && !at.asideSchema && !at.checkpoint:
		return dialect.NotStarted, "no shadow", nil
	case at.mark != "" && !strings.HasPrefix(at.mark, "phasemig "+k.planID+":"):
		return dialect.Foreign, "schema " + k.at().shadowSchema() + " is there and doesn't carry the mark of this run", nil
	case at.shadow || at.aside:
		return dialect.Done, "the shadow is there", nil
	}
	return dialect.Partial, "the shadow is being taken away", nil
}

// observeSwap: the exchange is one transaction; foreign keys may be left to be validated.
func (x *steps) observeSwap(ctx context.Context, k alterKitchen, at shadowState) (dialect.Outcome, string, error) {
	if !at.table || at.shadow == at.aside {
		return 0, "", fmt.Errorf("of %s, %s and %s not exactly two exist: somebody moved or dropped one", k.a.Table, k.at().shadowPlace(k.a.Table), k.at().asidePlace(k.a.Table))
	}
	left, err := x.unfinished(ctx, k.at())
	if err != nil {
		return 0, "", err
	}
	switch {
	case len(left) > 0 && at.aside:
		return dialect.Partial, "the tables have changed places; foreign keys are to be validated still, or a slot to be dropped", nil
	case len(left) > 0:
		return dialect.Partial, "the tables have changed back; foreign keys are to be validated still, or a slot to be dropped", nil
	case at.aside:
		return dialect.Done, "the tables have changed places", nil
	}
	return dialect.NotStarted, "the tables have not changed places", nil
}

func (x *steps) doAlter(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	seen, said, err := x.observeAlter(ctx, p, st)
	if err != nil || seen == dialect.Done {
		return err
	}
	k := alterKitchen{a: &p.Alters[st.Alter], planID: p.ID}
	switch st.Kind {
	case plans.RunAlter:
		return x.session(ctx, st, env, func(e *executor) error { return e.transaction(ctx, st.SQL) })
	case plans.CreateShadow:
		if seen != dialect.NotStarted {
			return fmt.Errorf("%s: %s: phasemig rollback %s takes it away", st.ID, said, p.ID)
		}
		return x.session(ctx, st, env, func(e *executor) error {
			if err := carriable(ctx, x.db, k.a.Table); err != nil {
				return err
			}
			return e.transaction(ctx, st.SQL)
		})
	case plans.CutOver:
		return x.session(ctx, st, env, func(e *executor) error { return x.finishSwap(ctx, e, k) })
	}
	return x.session(ctx, st, env, func(e *executor) error { return x.clear(ctx, e, k, st.SQL) })
}

func (x *steps) undoAlter(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	k := alterKitchen{a: &p.Alters[st.Alter], planID: p.ID}
	switch st.Kind {
	case plans.RunAlter, plans.DropOld:
		return &plans.RefusedError{What: "undo of " + st.ID, Reason: "what it did can't be taken back"}
	case plans.CutOver:
		return x.session(ctx, st, env, func(e *executor) error { return x.finishSwap(ctx, e, k) })
	}
	return x.session(ctx, st, env, func(e *executor) error { return x.clear(ctx, e, k, st.Undo) })
}

// clear takes the slots away first, which keep the log on the server's disk, and then, one by one,
// what stands aside.
func (x *steps) clear(ctx context.Context, e *executor, k alterKitchen, list []string) error {
	if err := e.holdsLease(ctx); err != nil {
		return err
	}
	for _, back := range []bool{false, true} {
		if err := x.dropLog(ctx, k.at(), back); err != nil {
			return err
		}
	}
	if err := x.dropOrigins(ctx, k.planID); err != nil {
		return err
	}
	return e.each(ctx, list)
}

// finishSwap does what is left of an exchange that a crash cut off behind its transaction.
func (x *steps) finishSwap(ctx context.Context, e *executor, k alterKitchen) error {
	at, err := x.shadowState(ctx, k)
	if err != nil {
		return err
	}
	return e.finish(ctx, x.server, k.at(), at.aside)
}
