package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// sqlInput reads migrations: the files at once, what they ask for when the server is known.
func (p *program) sqlInput(c *cli.Context) (input, error) {
	paths, err := sqlFiles(c.StringSlice("sql"))
	if err != nil {
		return nil, err
	}
	r, err := readingOf(c)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, g *ground) (plans.Change, error) {
		list, paths, err := p.statements(g, paths, r)
		if err != nil {
			return plans.Change{}, err
		}
		o := migration.Options{Name: migration.Name(paths), MayDrop: c.Bool("allow-drop"), RunUnread: c.String("unparsed") == plans.UnparsedRun}
		if g.indexTable != nil {
			o.Table = func(index string) (string, error) { return g.indexTable(ctx, index) }
		}
		made, err := migration.Compose(list, g.planner.Translate, o)
		if err != nil {
			return plans.Change{}, err
		}
		for _, n := range made.Notes {
			p.note("%s", n)
		}
		if err := p.overruleChange(c, &made.Change); err != nil {
			return plans.Change{}, err
		}
		return made.Change, checkGates(made.Change.Gates)
	}, nil
}

// readingOf reads what goes forward, in the format that was named or is found out.
func readingOf(c *cli.Context) (lint.Reading, error) {
	s := c.String("file-format")
	if s == "" {
		return lint.Reading{}, nil
	}
	f, err := lint.ParseFormat(s)
	if err != nil {
		return lint.Reading{}, usagef("--file-format: %v", err)
	}
	return lint.Reading{Format: f}, nil
}

// statements reads the files that hold something that goes forward, and names them.
func (p *program) statements(g *ground, paths []string, r lint.Reading) (list []*migration.Statement, read []string, err error) {
	l := linter{program: p, dialect: lintDialect(g.dialect)}
	for _, path := range paths {
		f, ok, err := l.read(path, r)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		own, err := migration.Read(f, l.dialect.Syntax)
		if err != nil {
			return nil, nil, err
		}
		list, read = append(list, own...), append(read, path)
	}
	if len(list) == 0 {
		return nil, nil, &plans.InputError{What: "--sql", Reason: fmt.Sprintf("no statement that goes forward stands in %s", plural(int64(len(paths)), "file", "files"))}
	}
	return list, read, nil
}

// lintDialect is the linter's dialect of the same name.
func lintDialect(name string) *lint.Dialect {
	for _, d := range lintDialects() {
		if d.Name == name {
			return d
		}
	}
	return lintDialects()[0]
}
