package cli

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) auditCommand() *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Category:  groupLook,
		Usage:     "print the evidence of a run and check that it is what was written",
		ArgsUsage: runArgument,
		Description: "Each entry carries the hash of the one before it. The exit code is 1 when an entry was changed,\n" +
			"put in or removed, or an approval was not given by phasemig. What was cut off at the end shows by\n" +
			"--head alone: apply prints the head; keep it in another place than the database.",
		Flags:  runFlags(&cli.StringFlag{Name: "head", Usage: "`HASH` that apply, status or audit printed before; the chain must still lead through it"}),
		Action: p.audit,
	}
}

func (p *program) audit(c *cli.Context) error {
	if c.IsSet("head") && c.String("head") == "" {
		return usagef("--head is empty")
	}
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		rep, err := e.Audit(ctx, r.ID, c.String("head"))
		if err != nil && !errors.Is(err, state.ErrBroken) {
			return err
		}
		p.emit(rep, func(g *page) { g.audit(rep) })
		return err
	})
}

// audit shows the whole chain, each entry by the beginning of its hash.
func (g *page) audit(r engine.AuditReport) {
	g.line("%s  %s", g.style.bold(r.Name), g.style.dim("run "+r.Run+", plan "+short(r.PlanHash)))
	g.evidence(r.Evidence, true)
	if r.Whole {
		g.line("%s %s: each follows from the one before it", g.style.green("✓"), plural(int64(len(r.Evidence)), "entry", "entries"))
	}
}
