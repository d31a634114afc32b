package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/plans"
)

func (p *program) factsCommand() *cli.Command {
	return &cli.Command{
		Name:     "facts",
		Category: groupPlan,
		Usage:    "read from the server what decides a plan, to plan from it elsewhere",
		Description: "phasemig plan --facts FILE with the same change makes the plan without a server, as in a pull\n" +
			"request's checks; the plan says how old its facts are. phasemig lint --schema FILE reads the tables.",
		Flags: slices.Concat(inputFlags(), []cli.Flag{
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write the facts to `FILE`", DefaultText: "standard output"},
		}, targetFlags(), []cli.Flag{outputFlag(textOrJSON...)}),
		Action: p.readFacts,
	}
}

func (p *program) readFacts(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	if err := atMost(c, 0); err != nil {
		return &usageError{err.Error(), "the change file is named by --change FILE"}
	}
	in, err := p.input(c)
	if err != nil {
		return err
	}
	_, db, g, err := p.on(c.Context, c)
	if err != nil {
		return err
	}
	defer db.Close()
	ch, err := in(c.Context, g)
	var nothing *nothingToDo
	if errors.As(err, &nothing) {
		p.sayNothing(nothing)
		return nil
	}
	if err != nil {
		return err
	}
	facts, err := db.Reader.Facts(c.Context, ch)
	if err != nil {
		return fmt.Errorf("read the schema of %s: %w", db.Target, err)
	}
	facts.Keep(ch, time.Now())
	return p.deliverFacts(c, &facts)
}

// deliverFacts writes facts to their file, or to standard output.
func (p *program) deliverFacts(c *cli.Context, f *plans.Facts) error {
	b, err := plans.EncodeFacts(f)
	if err != nil {
		return err
	}
	out := c.String("out")
	switch {
	case c.IsSet("out") && out == "":
		return usagef("--out is empty")
	case out == "" || out == "-":
		_, err = p.Stdout.Write(b)
		return err
	}
	if err := writeWhole(out, b); err != nil {
		return err
	}
	p.emit(map[string]any{"written": out, "read": f.Read}, func(*page) {})
	p.note("written to %s; plan from it with: phasemig plan --facts %s and the same change", out, out)
	return nil
}

// buildOffline makes the plan from a file of facts.
func (p *program) buildOffline(c *cli.Context, in input) (*planned, error) {
	if c.IsSet("dsn") || c.IsSet("env") {
		return nil, usagef("--facts and a target are given; one is wanted")
	}
	if c.IsSet("desired") {
		return nil, usagef("--desired needs a server, on which the file is loaded; --facts has none")
	}
	name := c.String("facts")
	b, err := p.readFile(name)
	if err != nil {
		return nil, &plans.InputError{What: "facts", Reason: err.Error(), Hint: "phasemig facts … -o facts.json makes them"}
	}
	f, err := plans.DecodeFacts(b)
	if err != nil {
		return nil, &plans.InputError{What: name, Reason: err.Error(), Hint: "phasemig facts … -o facts.json makes such a file"}
	}
	g, err := p.groundOf(f.Dialect)
	if err != nil {
		return nil, err
	}
	g.indexTable = func(_ context.Context, index string) (string, error) { return f.IndexTable(index), nil }
	ch, err := in(c.Context, g)
	if err != nil {
		return nil, err
	}
	if err := f.Match(ch); err != nil {
		return nil, err
	}
	return newPlanned(ch, f, g.planner.Rules)
}

// factsAge says when the facts of a plan were read; "" where it was made on the server.
func factsAge(pl *plans.Plan, now time.Time) string {
	read, err := time.Parse(time.RFC3339, pl.FactsRead)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("read %s, %s ago", read.UTC().Format("2006-01-02 15:04 UTC"), duration(max(now.Sub(read), 0).Truncate(time.Minute)))
}
