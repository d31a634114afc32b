package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Category:  groupSteer,
		Usage:     "let a paused run go on with the next apply",
		ArgsUsage: runArgument,
		Flags:     runFlags(),
		Action:    p.resume,
	}
}

func (p *program) resume(c *cli.Context) error {
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		if err := e.Resume(ctx, r.ID); err != nil {
			return err
		}
		return p.steered(ctx, e, r, "may go on: phasemig apply")
	})
}
