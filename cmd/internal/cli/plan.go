package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/plans"
)

func (p *program) planCommand() *cli.Command {
	return &cli.Command{
		Name:     "plan",
		Category: groupPlan,
		Usage:    "read the live schema, decide, and write the plan",
		Description: "The plan is deterministic: the same change and the same schema give the same bytes. It is\n" +
			"reviewed, stored and promoted unchanged; apply refuses one that was edited.",
		Flags: slices.Concat(inputFlags(), []cli.Flag{
			&cli.StringFlag{Name: "facts", Usage: "plan from a `FILE` of phasemig facts, without a server"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write the plan to `FILE`"},
			&cli.StringFlag{Name: "gates", Usage: "`WHICH` gates: default, none (only what protects data), or a file", DefaultText: "as in the change"},
			&cli.StringFlag{Name: "strategy", Value: "auto", Usage: "`HOW` it is done: auto, native, sync or shadow"},
			&cli.StringFlag{Name: "replicas", Usage: "replicas that gates ask: `NAMES` joined by commas, or none", DefaultText: "as in the change"},
			&cli.StringFlag{Name: "format", Aliases: []string{"output"}, Value: "table", Usage: "`FORM` on standard output: table, json, markdown, github, spinnaker"},
			&cli.BoolFlag{Name: "verbose", Usage: "show the SQL of every step and of its undo"},
			&cli.BoolFlag{Name: "explain", Usage: "tell of every way that was considered, and why it was not taken"},
			&cli.BoolFlag{Name: "print-schema", Usage: "print the JSON Schema of change files, and do nothing else"},
		}, targetFlags()),
		Action: p.plan,
	}
}

func (p *program) plan(c *cli.Context) error {
	if err := p.setFormat(c.String("format"), planFormats...); err != nil {
		return err
	}
	if c.Bool("print-schema") {
		_, _ = p.Stdout.Write(plans.ChangeSchema())
		return nil
	}
	if err := atMost(c, 0); err != nil {
		return &usageError{err.Error(), "the change file is named by --change FILE"}
	}
	if c.Bool("explain") && p.format == formatJSON {
		return usagef("--explain is for people: --format table or markdown")
	}
	if err := strategy(c.String("strategy")); err != nil {
		return err
	}
	in, err := p.input(c)
	if err != nil {
		return err
	}
	build := p.build
	if c.IsSet("facts") {
		build = p.buildOffline
	}
	made, err := build(c, in)
	var nothing *nothingToDo
	if errors.As(err, &nothing) {
		p.sayNothing(nothing)
		return nil
	}
	if err != nil {
		return err
	}
	return p.deliver(c, made)
}

// planned is a plan and what it was made from.
type planned struct {
	*plans.Plan
	change plans.Change
	facts  *plans.Facts
	rules  plans.Rules
}

// newPlanned builds the plan.
func newPlanned(ch plans.Change, f *plans.Facts, r plans.Rules) (*planned, error) {
	pl, err := plans.Build(ch, f, r)
	if err != nil {
		return nil, err
	}
	return &planned{pl, ch, f, r}, nil
}

func strategy(s string) error {
	switch s {
	case "auto", "native", "sync", "shadow":
		return nil
	}
	return usagef("--strategy %q is not one of auto, native, sync, shadow", s)
}

func (p *program) build(c *cli.Context, in input) (*planned, error) {
	t, db, g, err := p.on(c.Context, c)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	ch, err := in(c.Context, g)
	if err != nil {
		return nil, err
	}
	facts, err := db.Reader.Facts(c.Context, ch)
	if err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", db.Target, err)
	}
	pl, err := newPlanned(ch, &facts, g.planner.Rules)
	if err != nil {
		return nil, err
	}
	if unknown := unknownReplicas(pl.Plan, t); len(unknown) > 0 {
		p.note("the plan names replicas whose addresses %s doesn't hold: %s; apply needs them there, or as --replica NAME=URL", configFile, strings.Join(unknown, ", "))
	}
	return pl, nil
}

func unknownReplicas(pl *plans.Plan, t *target) []string {
	if pl.Replicas.None() {
		return nil
	}
	var out []string
	for _, r := range pl.Replicas {
		if _, ok := t.replicas[r]; !ok {
			out = append(out, r)
		}
	}
	return out
}

// deliver writes the plan to its file and shows it.
func (p *program) deliver(c *cli.Context, pl *planned) error {
	b, err := pl.Encode()
	if err != nil {
		return err
	}
	out := c.String("out")
	if c.IsSet("out") && out == "" {
		return usagef("--out is empty")
	}
	if out == "-" {
		_, _ = p.Stdout.Write(b)
		p.format, p.result = formatText, nil
		return nil
	}
	if out != "" {
		if err := writeWhole(out, b); err != nil {
			return err
		}
	}
	var ways []plans.Considered
	if c.Bool("explain") {
		ways = plans.Explain(pl.change, pl.facts, pl.rules, pl.Plan)
	}
	p.showPlan(pl.Plan, b, ways, c.Bool("verbose"))
	if out != "" && p.format == formatText {
		p.note("written to %s; run it with: phasemig apply %s", out, out)
	}
	return nil
}

// writeWhole replaces the file in one move: a reader never finds half of it.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".phasemig-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
