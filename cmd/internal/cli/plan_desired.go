package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// nothingToDo says that the database is as a file wants it.
type nothingToDo struct{ path string }

func (e *nothingToDo) Error() string { return "the tables are as " + e.path + " wants them" }

// sayNothing ends a call that makes no plan.
func (p *program) sayNothing(n *nothingToDo) {
	if p.format == formatMarkdown {
		fmt.Fprintf(p.Stdout, "Nothing to do: %s.\n", n)
		return
	}
	p.emit(map[string]any{"nothing_to_do": n.Error()}, func(g *page) { g.line("nothing to do: %s", n) })
}

// desiredInput compares a file with the database; the server reads both.
func (p *program) desiredInput(c *cli.Context) (input, error) {
	path := c.String("desired")
	if path == "" {
		return nil, usagef("--desired is empty")
	}
	return func(ctx context.Context, g *ground) (plans.Change, error) {
		l := linter{program: p, dialect: lintDialect(g.dialect)}
		f, ok, err := l.read(path, lint.Reading{Format: lint.Plain})
		if err != nil || !ok {
			return plans.Change{}, err
		}
		sql, more, facts, err := p.differences(ctx, c, g, f)
		if err != nil {
			return plans.Change{}, err
		}
		made, err := p.fromDifference(g, path, sql, more, facts)
		if err != nil {
			return plans.Change{}, err
		}
		if err := p.overruleChange(c, &made); err != nil {
			return plans.Change{}, err
		}
		return made, checkGates(made.Gates)
	}, nil
}

// differences are the statements that lead to what the file wants, and facts of the tables that they are about.
func (p *program) differences(ctx context.Context, c *cli.Context, g *ground, f *lint.File) (sql []string, more bool, facts *plans.Facts, err error) {
	statements, alone, err := migration.ReadDesired(f, lintDialect(g.dialect).Syntax)
	if err != nil {
		return nil, false, nil, err
	}
	var texts []string
	for _, s := range statements {
		texts = append(texts, s.Text)
	}
	seen, err := g.desired(ctx, texts)
	var bad *dialect.LoadError
	if errors.As(err, &bad) {
		return nil, false, nil, &plans.InputError{What: migration.Place(f, statements[bad.Statement].Start), Reason: bad.Reason, Hint: bad.Hint}
	}
	if err != nil {
		return nil, false, nil, fmt.Errorf("load %s: %w", f.Path, err)
	}
	for _, n := range seen.Notes {
		p.note("%s", n)
	}
	w := migration.Wanted{Path: f.Path, Want: seen.Want, Live: seen.Live, Others: seen.Others, Statements: statements, Keep: alone, MayDrop: c.Bool("allow-drop"),
		Rename: g.planner.Rename, Renamed: g.planner.Renamed, Drop: g.planner.Drop}
	sql, more, err = w.SQL(g.planner.Difference)
	return sql, more, &plans.Facts{Tables: seen.Live, Settings: map[string]string{"search_path": "pg_catalog"}}, err // statements name the schema
}

// fromDifference takes what one plan can hold; the next call finds the rest.
func (p *program) fromDifference(g *ground, path string, sql []string, more bool, facts *plans.Facts) (plans.Change, error) {
	if len(sql) == 0 {
		return plans.Change{}, &nothingToDo{path}
	}
	ld := lintDialect(g.dialect)
	f, _ := lint.NewFile(ld, "difference to "+path, strings.Join(sql, ";\n"), lint.Reading{Format: lint.Plain})
	list, err := migration.Read(f, ld.Syntax)
	if err != nil {
		return plans.Change{}, err
	}
	made, err := migration.Compose(list, g.planner.Translate, migration.Options{Name: migration.Name([]string{path}), MayDrop: true, Begin: true,
		Table: func(index string) (string, error) { return facts.IndexTable(index), nil }})
	if err != nil {
		return plans.Change{}, err
	}
	if more {
		p.note("when it is applied, plan again: the rest is compared then")
	}
	if len(made.Later) > 0 {
		p.note("one plan can't hold all of the difference; apply this one, then plan again for what is left: %s", strings.Join(made.Later, "; "))
	}
	return made.Change, nil
}
