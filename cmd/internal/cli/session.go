package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/memory"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// withEngine opens the target, makes an engine and hands it to f.
func (p *program) withEngine(c *cli.Context, observe func(engine.Event), f func(context.Context, *engine.Engine, *target) error) error {
	t, db, err := p.open(c.Context, c)
	if err != nil {
		return err
	}
	defer db.Close()
	config, err := engineConfig(c, t)
	if err != nil {
		return err
	}
	memory.Bound()
	return f(c.Context, engine.New(db, config, observe), t)
}

// onRun is the frame of a command about one run: it reads flags and argument,
// opens the target and finds the run.
func (p *program) onRun(c *cli.Context, formats []format, observe func(engine.Event), f func(context.Context, *engine.Engine, state.Run) error) error {
	if err := p.setFormat(c.String("output"), formats...); err != nil {
		return err
	}
	arg, err := one(c, "a run")
	if err != nil {
		return err
	}
	return p.withEngine(c, observe, func(ctx context.Context, e *engine.Engine, _ *target) error {
		r, err := p.findRun(ctx, e, arg)
		if err != nil {
			return err
		}
		return f(ctx, e, r)
	})
}

// findRun takes the name of a plan file, a run's ID, a unique beginning of it, or
// its name.
func (p *program) findRun(ctx context.Context, e *engine.Engine, arg string) (state.Run, error) {
	if isPlanFile(arg) {
		pl, err := p.readPlan(arg)
		if err != nil {
			return state.Run{}, err
		}
		arg = pl.ID
	}
	r, err := e.Run(ctx, arg)
	if err != nil {
		return r, fmt.Errorf("find run %q: %w", arg, err)
	}
	if r.ID == arg {
		return r, nil
	}
	all, err := e.List(ctx)
	if err != nil {
		return r, err
	}
	return r, oneOfName(all, arg)
}

// oneOfName: a name that several active runs have names none of them. Some servers
// keep the state of all their databases in one place.
func oneOfName(all []state.Run, name string) error {
	var ids []string
	for _, r := range all {
		if r.Name == name && r.Status.Active() {
			ids = append(ids, r.ID+" on "+tables(r))
		}
	}
	if len(ids) < 2 {
		return nil
	}
	return &usageError{fmt.Sprintf("several runs named %q are under way", name), "give the ID: " + strings.Join(ids, ", ")}
}

// isPlanFile: a run's name may not hold a slash, so a path is always a file; a
// bare word is one if it ends like one.
func isPlanFile(arg string) bool {
	return arg == "-" || strings.ContainsRune(arg, os.PathSeparator) || strings.HasSuffix(arg, ".json")
}

func (p *program) readPlan(path string) (*plans.Plan, error) {
	b, err := p.readFile(path)
	if err != nil {
		return nil, &plans.InputError{What: "plan file", Reason: err.Error(), Hint: "phasemig plan … -o plan.json makes one"}
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, &plans.InputError{What: "plan file " + path, Reason: "it is empty"}
	}
	pl, err := plans.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return pl, nil
}

// planOf is the plan of a run: from the file if one is named, else as stored on the server.
func (p *program) planOf(ctx context.Context, e *engine.Engine, arg string) (*plans.Plan, error) {
	if isPlanFile(arg) {
		return p.readPlan(arg)
	}
	r, err := p.findRun(ctx, e, arg)
	if err != nil {
		return nil, err
	}
	pl, err := plans.Decode(r.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the stored plan of run %s: %w", r.ID, err)
	}
	return pl, nil
}

// phaseFlag reads a phase; empty if it isn't given.
func phaseFlag(c *cli.Context) (plans.PhaseName, error) {
	ph := plans.PhaseName(c.String("phase"))
	if c.IsSet("phase") && !slices.Contains(plans.PhaseNames(), ph) {
		return "", usagef("--phase %q is not one of expand, switch, contract", ph)
	}
	return ph, nil
}

// stepFlags are those of a command about a run that pipelines call.
func stepFlags(more ...cli.Flag) []cli.Flag {
	return slices.Concat(more, targetFlags(), []cli.Flag{outputFlag(pipelineFormats...)})
}

// runFlags are those of a command about a run.
func runFlags(more ...cli.Flag) []cli.Flag {
	return slices.Concat(more, targetFlags(), []cli.Flag{outputFlag(formatText, formatJSON)})
}

var textOrJSON = []format{formatText, formatJSON}

const runArgument = "PLAN|RUN"

// onlyActive is the one run that is under way.
func onlyActive(ctx context.Context, e *engine.Engine) (string, error) {
	all, err := e.List(ctx)
	if err != nil {
		return "", err
	}
	active := slices.DeleteFunc(all, func(r state.Run) bool { return !r.Status.Active() })
	switch len(active) {
	case 0:
		return "", fmt.Errorf("no run is under way: %w", state.ErrNotFound)
	case 1:
		return active[0].ID, nil
	}
	return "", &usageError{"several runs are under way: name one", "phasemig list"}
}

// asJSON reports whether an error is to be told as JSON although the flags couldn't be read.
func asJSON(args []string) bool {
	for i, a := range args {
		name, value, joined := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		if strings.HasPrefix(a, "-") && (name == "output" || name == "format") && value == string(formatJSON) {
			return true
		}
	}
	return false
}

var errNoStdin = errors.New("standard input is not there to be read")
