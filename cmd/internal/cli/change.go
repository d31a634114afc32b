package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// readFile reads a file, or standard input for "-".
func (p *program) readFile(path string) ([]byte, error) {
	if path == "-" {
		if p.Stdin == nil {
			return nil, errNoStdin
		}
		return io.ReadAll(p.Stdin)
	}
	return os.ReadFile(path)
}

// readChange reads the change file and what flags overrule in it.
func (p *program) readChange(c *cli.Context) (plans.Change, error) {
	if c.IsSet("alter") {
		return p.alterChange(c)
	}
	path := c.String("change")
	if path == "" {
		return plans.Change{}, &usageError{"--change FILE, --sql FILE, --desired FILE or --alter STATEMENT is needed", "phasemig plan --print-schema prints what stands in such a file"}
	}
	b, err := p.readFile(path)
	if err != nil {
		return plans.Change{}, &plans.InputError{What: "change file", Reason: err.Error()}
	}
	ch, err := plans.ParseChange(b)
	if err != nil {
		return ch, &plans.InputError{What: path, Reason: plainChange(err), Hint: "phasemig plan --print-schema prints what stands in such a file"}
	}
	if err := p.overruleChange(c, &ch); err != nil {
		return ch, err
	}
	return ch, checkGates(ch.Gates)
}

// alterChange makes a change of one statement.
func (p *program) alterChange(c *cli.Context) (plans.Change, error) {
	a, err := plans.ParseAlter(c.String("alter"))
	if err != nil {
		return plans.Change{}, err
	}
	ch := plans.Change{Name: plans.AlterName(a), Operations: []plans.Operation{{AlterTable: &a}}}
	if err := p.overruleChange(c, &ch); err != nil {
		return ch, err
	}
	return ch, checkGates(ch.Gates)
}

func plainChange(err error) string {
	var t *yaml.TypeError
	if errors.As(err, &t) {
		return plainYAML(t).Error()
	}
	return strings.TrimPrefix(err.Error(), "parse change: ")
}

func (p *program) overruleChange(c *cli.Context, ch *plans.Change) error {
	if c.IsSet("strategy") {
		ch.Strategy = c.String("strategy")
	}
	if c.IsSet("replicas") {
		ch.Replicas = nil
		for _, r := range strings.Split(c.String("replicas"), ",") {
			if r = strings.TrimSpace(r); r == "" {
				return usagef("--replicas wants none, or names joined by commas")
			}
			ch.Replicas = append(ch.Replicas, r)
		}
	}
	if slices.Contains(ch.Replicas, "none") && len(ch.Replicas) > 1 {
		return &plans.InputError{What: "replicas", Reason: `"none" stands beside names`}
	}
	switch g := c.String("gates"); {
	case !c.IsSet("gates"):
	case g == "default":
		ch.Gates = plans.GateSet{}
	case g == "none":
		ch.Gates = plans.NoGates()
	default:
		return p.readGates(g, &ch.Gates)
	}
	return nil
}

// readGates reads a file that holds what stands under "gates" in a change file.
func (p *program) readGates(path string, into *plans.GateSet) error {
	b, err := p.readFile(path)
	if err != nil {
		return &plans.InputError{What: "--gates", Reason: err.Error(), Hint: "default, none, or a file with lists of gates under expand, switch and contract"}
	}
	*into = plans.GateSet{}
	if err := plans.UnknownKeys(b, into); err != nil {
		return &plans.InputError{What: path, Reason: err.Error()}
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return &plans.InputError{What: path, Reason: plainYAML(err).Error()}
	}
	return nil
}

// checkGates finds misspelt gates before a plan with them is made, and completes the others.
func checkGates(g plans.GateSet) error {
	for _, ph := range []struct {
		name plans.PhaseName
		list []plans.GateRef
	}{{plans.Expand, g.Expand}, {plans.Switch, g.Switch}, {plans.Contract, g.Contract}} {
		for i, r := range ph.list {
			err := gate.Validate(r)
			if err == nil {
				ph.list[i], err = gate.Complete(r)
			}
			if err != nil {
				return &plans.InputError{What: fmt.Sprintf("gates of %s", ph.name), Reason: err.Error()}
			}
		}
	}
	if err := gate.CheckFlags(g); err != nil {
		return &plans.InputError{What: "gates", Reason: err.Error(), Hint: "flag_expiry: {key: …} before expand, or expires: a day like 2026-12-24 with the flag; expires: forever for one that is there to stay"}
	}
	return nil
}
