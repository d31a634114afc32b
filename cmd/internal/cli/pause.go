package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) pauseCommand() *cli.Command {
	return &cli.Command{
		Name:      "pause",
		Category:  groupSteer,
		Usage:     "stop a run at its next batch; its apply ends with exit 3",
		ArgsUsage: runArgument,
		Flags:     runFlags(),
		Action:    p.pause,
	}
}

func (p *program) pause(c *cli.Context) error {
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		if err := e.Pause(ctx, r.ID); err != nil {
			return err
		}
		return p.steered(ctx, e, r, "paused")
	})
}
