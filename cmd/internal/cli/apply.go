package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
)

func (p *program) applyCommand() *cli.Command {
	return &cli.Command{
		Name:      "apply",
		Category:  groupRun,
		Usage:     "carry out a plan, or go on with it where it stands",
		ArgsUsage: "PLAN",
		Description: "The same plan and phase again goes on where it was, or reports what is done. Without\n" +
			"--phase it runs expand and switch as far as their gates allow and stops before contract.\n" +
			"With --wait a gate that isn't open is asked again, and another runner of the same plan and phase is\n" +
			"followed to its end; SIGTERM ends the call at the next safe point with exit 75.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "phase", Usage: "the one `PHASE` to run: expand, switch or contract"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show the steps that would run now, with their SQL, and run nothing"},
			&cli.DurationFlag{Name: "wait", Usage: "`TIME` to ask a gate again that isn't open, and to follow another runner of the same plan and phase", DefaultText: "one try"},
			&cli.BoolFlag{Name: "no-wait", Usage: "one try, which is the default"},
			&cli.StringFlag{Name: "revision", Usage: "`REV` of the application that the call belongs to", DefaultText: "PHASEMIG_REVISION"},
			&cli.StringFlag{Name: "old-instances-gone", Usage: "`REASON` why no instance of an old revision lives, where the plan has no gate that asks"},
		}, paceFlags(), lockFlags(), targetFlags(), []cli.Flag{outputFlag(runnerFormats...)}),
		Action: p.apply,
	}
}

func (p *program) apply(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), runnerFormats...); err != nil {
		return err
	}
	call, err := p.applyCall(c)
	if err != nil {
		return err
	}
	w := p.watcher()
	w.plan = call.plan
	return w.during(c.Context, func() error {
		return p.withEngine(c, w.event, func(ctx context.Context, e *engine.Engine, t *target) error {
			if c.Bool("dry-run") {
				return p.dryRun(ctx, e, call.plan, call.options.Phase)
			}
			res, err := e.ApplyWithin(ctx, call.plan, call.options, call.wait)
			w.close()
			p.emitResult(res, err, w.summary())
			return err
		})
	})
}

// applyCall is what the arguments of apply say.
type applyCall struct {
	plan    *plans.Plan
	options engine.Options
	wait    time.Duration // zero: one try
}

func (p *program) applyCall(c *cli.Context) (call applyCall, err error) {
	path, err := one(c, "a plan file")
	if err != nil {
		return call, err
	}
	if call.options, err = p.applyOptions(c); err != nil {
		return call, err
	}
	if call.wait, err = waitFlags(c); err != nil {
		return call, err
	}
	call.plan, err = p.readPlan(path)
	return call, err
}

// applyOptions joins flags and environment.
func (p *program) applyOptions(c *cli.Context) (engine.Options, error) {
	phase, err := phaseFlag(c)
	if err != nil {
		return engine.Options{}, err
	}
	o := engine.Options{Phase: phase, Revision: c.String("revision"), OldInstancesGone: c.String("old-instances-gone")}
	for _, name := range []string{"revision", "old-instances-gone"} {
		if c.IsSet(name) && strings.TrimSpace(c.String(name)) == "" {
			return o, usagef("--%s is empty", name)
		}
	}
	if o.Revision == "" {
		o.Revision = p.Getenv("PHASEMIG_REVISION")
	}
	return o, nil
}

// waitFlags reads how long the call may wait; zero is not at all.
func waitFlags(c *cli.Context) (time.Duration, error) {
	d := c.Duration("wait")
	switch {
	case c.IsSet("wait") && c.Bool("no-wait"):
		return 0, usagef("--wait and --no-wait are both given")
	case d < 0:
		return 0, usagef("--wait %s is negative", d)
	case d > 0 && c.Bool("dry-run"):
		return 0, usagef("--dry-run runs nothing that could be waited for")
	}
	return d, nil
}

// emitResult shows how far a call came, also when it ended by an error, and what it saw on its way.
func (p *program) emitResult(res engine.Result, err error, seen string) {
	if res.Run == "" && err != nil {
		return
	}
	p.emit(res, func(g *page) { g.outcome(res, err == nil, seen) })
}

// dryRunResult is the document of --dry-run.
type dryRunResult struct {
	Run    string          `json:"run"`
	DryRun bool            `json:"dry_run"`
	Phase  plans.PhaseName `json:"phase,omitempty"`
	Steps  []plans.Step    `json:"steps"`
}

func (p *program) dryRun(ctx context.Context, e *engine.Engine, pl *plans.Plan, phase plans.PhaseName) error {
	steps, err := e.DryRun(ctx, pl, phase)
	if err != nil {
		return err
	}
	if steps == nil {
		steps = []plans.Step{}
	}
	p.emit(dryRunResult{pl.ID, true, phase, steps}, func(g *page) { g.dryRun(pl, steps) })
	return nil
}
