package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

// inputFlags say what is wanted, for plan and for facts.
func inputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "change", Aliases: []string{"c"}, Usage: "`FILE` that says what is wanted (YAML or JSON; - is standard input)"},
		&cli.StringFlag{Name: "alter", Usage: "what is wanted as one `STATEMENT`, ALTER TABLE …"},
		&cli.StringSliceFlag{Name: "sql", Usage: "what is wanted as a migration: a `FILE` or folder of golang-migrate, goose, Flyway, dbmate …; may be given several times"},
		&cli.StringFlag{Name: "desired", Usage: "what is wanted as a `FILE` of CREATE TABLE …: the difference to the database is planned"},
		&cli.StringFlag{Name: "file-format", Usage: "`TOOL` that the files of --sql are written for: plain, golang-migrate, goose, flyway, dbmate …", DefaultText: "found out by name and text"},
		&cli.StringFlag{Name: "unparsed", Value: "refuse", Usage: "`WHAT` to do with an ALTER TABLE of --sql that can't be read: refuse, or run it if the server does it at once to an empty copy"},
		&cli.BoolFlag{Name: "allow-drop", Usage: "yes, the columns that --sql or --desired drops are meant to be dropped"},
	}
}

// ground is what a change is made for: a server, or facts of one.
type ground struct {
	dialect string
	planner dialect.Planner
	// indexTable finds the table of an index; nil where statements name it.
	indexTable func(ctx context.Context, index string) (string, error)
	// desired reads a schema on the server; nil without one.
	desired func(ctx context.Context, statements []string) (dialect.Desired, error)
}

// input is what a call wants, once it is known for which server.
type input func(context.Context, *ground) (plans.Change, error)

// input finds out what is wanted, and reads as much of it as can be read without a server.
func (p *program) input(c *cli.Context) (input, error) {
	var given []string
	for _, name := range []string{"change", "alter", "sql", "desired"} {
		if c.IsSet(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 1 {
		return nil, usagef("%s are given; one is wanted", strings.Join(given, " and "))
	}
	if u := c.String("unparsed"); u != "refuse" && u != plans.UnparsedRun {
		return nil, usagef("--unparsed %q is not one of refuse, run", u)
	}
	switch {
	case c.IsSet("unparsed") && !c.IsSet("sql"):
		return nil, usagef("--unparsed goes with --sql; in a change file it is a word of alter_table")
	case c.IsSet("file-format") && !c.IsSet("sql"):
		return nil, usagef("--file-format goes with --sql")
	case c.Bool("allow-drop") && !c.IsSet("sql") && !c.IsSet("desired"):
		return nil, usagef("--allow-drop goes with --sql or --desired")
	case c.IsSet("sql"):
		return p.sqlInput(c)
	case c.IsSet("desired"):
		return p.desiredInput(c)
	}
	ch, err := p.readChange(c)
	if err != nil {
		return nil, err
	}
	return func(context.Context, *ground) (plans.Change, error) { return ch, nil }, nil
}

// on opens the target and says what changes are made for there.
func (p *program) on(ctx context.Context, c *cli.Context) (*target, *dialect.Database, *ground, error) {
	t, db, err := p.open(ctx, c)
	if err != nil {
		return nil, nil, nil, err
	}
	g, err := p.groundOf(db.Name)
	if err != nil {
		_ = db.Close()
		return nil, nil, nil, err
	}
	g.indexTable, g.desired = db.IndexTable, db.Desired
	return t, db, g, nil
}

func (p *program) groundOf(name string) (*ground, error) {
	if p.Planner != nil {
		if planner, ok := p.Planner(name); ok {
			return &ground{dialect: name, planner: planner}, nil
		}
	}
	return nil, &plans.InputError{What: "dialect", Reason: fmt.Sprintf("there is none called %q", name)}
}
