package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name:        "status",
		Category:    groupLook,
		Usage:       "tell where a run stands, what it made and what it saw",
		ArgsUsage:   "[" + runArgument + "]",
		Description: "Without an argument: the one run that is under way.",
		Flags: stepFlags(&cli.BoolFlag{Name: "verbose", Usage: "show the whole evidence"},
			&cli.BoolFlag{Name: "watch", Usage: "follow the run, whoever carries it out, until it is over or Ctrl-C"}),
		Action: p.status,
	}
}

func (p *program) status(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), pipelineFormats...); err != nil {
		return err
	}
	if err := atMost(c, 1); err != nil {
		return err
	}
	if c.Bool("watch") && p.format != formatText {
		return usagef("--watch shows text; --output %s is told without it", p.format)
	}
	return p.withEngine(c, nil, func(ctx context.Context, e *engine.Engine, _ *target) error {
		id, err := p.runOrOnly(ctx, e, c.Args().First())
		if err != nil {
			return err
		}
		if c.Bool("watch") {
			if err := p.watchRun(ctx, e, id); err != nil {
				return err
			}
			ctx = context.WithoutCancel(ctx) // Ctrl-C ended the watching, and the last word is still told
		}
		rep, err := e.Status(ctx, id)
		if err != nil {
			return err
		}
		p.emit(rep, func(g *page) { g.report(rep, c.Bool("verbose")) })
		return nil
	})
}

func (p *program) runOrOnly(ctx context.Context, e *engine.Engine, arg string) (string, error) {
	if arg == "" {
		return onlyActive(ctx, e)
	}
	r, err := p.findRun(ctx, e, arg)
	return r.ID, err
}
