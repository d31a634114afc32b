package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
)

func (p *program) gatesCommand() *cli.Command {
	return &cli.Command{
		Name:      "gates",
		Category:  groupLook,
		Usage:     "ask the gates now and show their verdicts",
		ArgsUsage: runArgument,
		Description: "With --phase the exit code is the phase's: 0 all pass, 3 not open yet, 4 one said no.\n" +
			"Without it all phases are shown and the exit code is 0.",
		Flags:  stepFlags(&cli.StringFlag{Name: "phase", Usage: "only the gates of `PHASE`"}, replicaFlag()),
		Action: p.gates,
	}
}

func (p *program) gates(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), pipelineFormats...); err != nil {
		return err
	}
	arg, err := one(c, "a run")
	if err != nil {
		return err
	}
	phase, err := phaseFlag(c)
	if err != nil {
		return err
	}
	return p.withEngine(c, nil, func(ctx context.Context, e *engine.Engine, _ *target) error {
		pl, err := p.planOf(ctx, e, arg)
		if err != nil {
			return err
		}
		results, err := e.Gates(ctx, pl, phase)
		if err != nil {
			return err
		}
		if results == nil {
			results = []engine.GateResult{}
		}
		p.emit(gatesResult{results, pl.ID}, func(g *page) { g.gates(results) })
		if phase == "" {
			return nil
		}
		return shut(results)
	})
}

// gatesResult is the document of the command.
type gatesResult struct {
	Gates []engine.GateResult `json:"gates"`
	Run   string              `json:"run"`
}

// shut is the error of the gate that keeps a phase shut, the one that said no
// before the one that is merely not open.
func shut(results []engine.GateResult) error {
	var held *gate.HeldError
	for _, r := range results {
		worse := held == nil || r.Verdict.State == gate.Fail && held.Verdict.State != gate.Fail
		if r.Verdict.State != gate.Pass && worse {
			held = &gate.HeldError{Phase: r.Phase, Step: r.Step, Gate: r.Gate.Kind, Verdict: r.Verdict}
		}
	}
	if held == nil {
		return nil
	}
	return held
}
