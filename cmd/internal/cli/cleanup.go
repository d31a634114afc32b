package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
)

func (p *program) cleanupCommand() *cli.Command {
	return &cli.Command{
		Name:        "cleanup",
		Category:    groupRun,
		Usage:       "remove what no active run needs any more",
		ArgsUsage:   "[" + runArgument + "]",
		Description: "Only what carries phasemig's mark is touched, and nothing that belongs to an active run. With\na run: also its records. Without: strays of all runs.",
		Flags:       runFlags(&cli.BoolFlag{Name: "dry-run", Usage: "list what would be removed"}),
		Action:      p.cleanup,
	}
}

func (p *program) cleanup(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	if err := atMost(c, 1); err != nil {
		return err
	}
	return p.withEngine(c, nil, func(ctx context.Context, e *engine.Engine, _ *target) error {
		id := c.Args().First()
		if id != "" {
			r, err := p.findRun(ctx, e, id)
			if err != nil {
				return err
			}
			id = r.ID
		}
		res, err := e.Cleanup(ctx, id, c.Bool("dry-run"))
		if err != nil {
			return err
		}
		p.emit(res, func(g *page) { g.cleaned(res) })
		return nil
	})
}
