package cli

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:        "rollback",
		Category:    groupRun,
		Usage:       "take back the last phase, or all of them",
		ArgsUsage:   runArgument,
		Description: "Possible at any moment until the final drop. Values that the old shape can't hold are never\ngiven up silently: they are counted, and rollback stops unless --lose-rows is said.",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "back to the state before the run"},
			&cli.BoolFlag{Name: "lose-rows", Usage: "give up the values that the old shape can't hold"},
		}, lockFlags(), targetFlags(), []cli.Flag{outputFlag(runnerFormats...)}),
		Action: p.rollback,
	}
}

func (p *program) rollback(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), runnerFormats...); err != nil { // the watcher depends on it
		return err
	}
	w := p.watcher()
	return w.during(c.Context, func() error {
		return p.onRun(c, runnerFormats, w.event, func(ctx context.Context, e *engine.Engine, r state.Run) error {
			res, err := e.Rollback(ctx, r.ID, engine.RollbackOptions{All: c.Bool("all"), LoseRows: c.Bool("lose-rows")})
			w.close()
			p.emitResult(res, err, w.summary())
			return err
		})
	})
}
