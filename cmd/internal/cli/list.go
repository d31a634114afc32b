package cli

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) listCommand() *cli.Command {
	return &cli.Command{
		Name:     "list",
		Category: groupLook,
		Usage:    "list the runs that the server knows",
		Flags:    slices.Concat(targetFlags(), []cli.Flag{outputFlag(textOrJSON...)}),
		Action:   p.list,
	}
}

func (p *program) list(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	if err := atMost(c, 0); err != nil {
		return err
	}
	return p.withEngine(c, nil, func(ctx context.Context, e *engine.Engine, _ *target) error {
		runs, err := e.List(ctx)
		if err != nil {
			return err
		}
		if runs == nil {
			runs = []state.Run{}
		}
		p.emit(map[string]any{"runs": runs}, func(g *page) { g.runs(runs) })
		return nil
	})
}
