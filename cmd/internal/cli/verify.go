package cli

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Category:  groupLook,
		Usage:     "compare every row of a run's tables, on stored bytes",
		ArgsUsage: runArgument,
		Description: "What differs is named, and nothing is changed. With --repair, rows of a copied table that\n" +
			"differ are copied anew while they are held, a few at a time, and named; find out what wrote to\n" +
			"the copy first: phasemig alone does, and its writes don't differ.",
		Flags: slices.Concat([]cli.Flag{&cli.BoolFlag{Name: "repair", Usage: "copy rows anew that differ (of a table that is being copied)"}},
			targetFlags(), []cli.Flag{outputFlag(formatText, formatJSON, formatLines)}),
		Action: p.verify,
	}
}

func (p *program) verify(c *cli.Context) error {
	forms := []format{formatText, formatJSON, formatLines}
	if err := p.setFormat(c.String("output"), forms...); err != nil { // the watcher depends on it
		return err
	}
	w := p.watcher()
	return w.during(c.Context, func() error {
		return p.onRun(c, forms, w.event, func(ctx context.Context, e *engine.Engine, r state.Run) error {
			w.title(r.Name, "comparing every row")
			res, err := e.Verify(ctx, r.ID)
			w.close()
			if len(res.Tables) > 0 {
				p.emit(res, func(g *page) { g.verified(res) })
			}
			return err
		})
	})
}
