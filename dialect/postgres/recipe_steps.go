package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// observeAct asks the catalog how far a step of a recipe is.
func (x *steps) observeAct(ctx context.Context, st plans.Step) (dialect.Outcome, string, error) {
	look := x.reached
	if st.Act.Whole() {
		look = x.whole
	}
	r, shows, err := look(ctx, st)
	said := strings.Join(shows, "; ")
	switch {
	case err != nil:
		return dialect.NotStarted, "", err
	case !r.Known:
		return dialect.Foreign, said, nil
	case r.Done == len(st.Act.After):
		return dialect.Done, said, nil
	case r.Done > 0 || r.Undone > 0 || r.Broken != nil:
		return dialect.Partial, said, nil
	}
	return dialect.NotStarted, said, nil
}

func (x *steps) reached(ctx context.Context, st plans.Step) (plans.Reached, []string, error) {
	at := st.Table
	if st.Act.On != (schema.Ident{}) {
		at = st.Act.On
	}
	t, err := x.Table(ctx, at)
	var gone *plans.InputError
	if errors.As(err, &gone) && at != st.Table {
		r, shows := goneWith(st.Act)
		return r, shows, nil
	}
	if err != nil {
		return plans.Reached{}, nil, err
	}
	shows := st.Act.Looks(t)
	return st.Act.Reached(shows), shows, nil
}

// goneWith is how far an act is whose partition is gone: what is to be taken away has gone with it.
func goneWith(a *plans.Act) (plans.Reached, []string) {
	shows := a.Looks(&schema.Table{})
	if r := a.Reached(shows); r.Done == len(a.After) {
		return r, shows
	}
	return plans.Reached{}, []string{"partition " + a.On.String() + " is gone"}
}

// doAct runs the statements whose outcome doesn't show yet.
func (x *steps) doAct(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	return x.act(ctx, p, st, env, func(r plans.Reached) []string { return st.SQL[r.Done:] })
}

// undoAct goes back from wherever the act is.
func (x *steps) undoAct(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	return x.act(ctx, p, st, env, func(r plans.Reached) []string {
		if r.Done == 0 && r.Undone == 0 {
			return nil
		}
		return st.Undo[r.Undone:]
	})
}

// act cleans what is broken, runs the rest, and cleans again what a statement leaves that the server refused for good.
func (x *steps) act(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env, rest func(plans.Reached) []string) error {
	return x.actSession(ctx, p, st, env, func(e *executor) error {
		r, err := x.tidy(ctx, e, st)
		if err != nil {
			return err
		}
		err = e.each(ctx, rest(r))
		if err != nil && !dberr.Temporary(err) && ctx.Err() == nil {
			if _, cerr := x.tidy(ctx, e, st); cerr != nil {
				return fmt.Errorf("%w; and what it left is there: %w", err, cerr)
			}
		}
		return explained(err, st)
	})
}

// actSession is a session with the settings of the change, which isn't given to anybody else.
func (x *steps) actSession(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env, work func(*executor) error) error {
	return x.session(ctx, st, env, func(e *executor) error {
		defer func() { _ = e.conn.Raw(func(any) error { return driver.ErrBadConn }) }()
		for _, name := range settingNames {
			if _, err := e.conn.ExecContext(ctx, "SELECT pg_catalog.set_config($1, $2, false)", name, p.Recipes[st.Recipe].Settings[name]); err != nil {
				return fmt.Errorf("%s: set %s: %w", st.ID, name, classify(err))
			}
		}
		return work(e)
	})
}

// tidy takes away what a statement has left half made, and tells how far the act is then.
func (x *steps) tidy(ctx context.Context, e *executor, st plans.Step) (plans.Reached, error) {
	r, shows, err := x.reached(ctx, st)
	if err == nil && r.Broken != nil {
		if err := e.each(ctx, r.Broken.Clean); err != nil {
			return r, err
		}
		if err := fault.Point("recipe.cleaned"); err != nil {
			return r, err
		}
		r, shows, err = x.reached(ctx, st)
	}
	if err == nil && !r.Known {
		err = fmt.Errorf("%s: %w: %s", st.ID, dberr.Exists, strings.Join(shows, "; "))
	}
	return r, err
}

// explained adds what to do about rows that stand against the act.
func explained(err error, st plans.Step) error {
	if errors.Is(err, dberr.Duplicate) || errors.Is(err, dberr.DataError) {
		return dberr.WithHint(err, "rows of %s stand against it: change them, then apply again, or roll back", st.Table)
	}
	return err
}
