package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) approveCommand() *cli.Command {
	return &cli.Command{
		Name:        "approve",
		Category:    groupSteer,
		Usage:       "say yes to a phase of this very plan",
		ArgsUsage:   runArgument,
		Description: "It is stored with the database user, the OS user and the plan's hash. Whoever began the run\ndoesn't count unless the gate says so.",
		Flags: runFlags(
			&cli.StringFlag{Name: "phase", Usage: "`PHASE` that is approved: expand, switch or contract"},
			&cli.StringFlag{Name: "note", Usage: "`TEXT` to be stored with it"}),
		Action: p.approve,
	}
}

func (p *program) approve(c *cli.Context) error {
	phase, err := phaseFlag(c)
	if err != nil {
		return err
	}
	if phase == "" {
		return usagef("--phase is needed: an approval is for one phase")
	}
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		a, err := e.Approve(ctx, r.ID, phase, c.String("note"))
		if err != nil {
			return err
		}
		p.emit(a, func(g *page) {
			g.line("%s of %s approved by %s (plan %s)", a.Phase, r.Name, a.By, short(a.PlanHash))
		})
		return nil
	})
}
