package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) throttleCommand() *cli.Command {
	return &cli.Command{
		Name:      "throttle",
		Category:  groupSteer,
		Usage:     "set the pace of a running run",
		ArgsUsage: runArgument,
		Flags:     runFlags(&cli.Float64Flag{Name: "max-rate", Usage: "`ROWS` a second at most; 0: as configured"}),
		Action:    p.throttle,
	}
}

func (p *program) throttle(c *cli.Context) error {
	rate := c.Float64("max-rate")
	if !c.IsSet("max-rate") || rate < 0 {
		return usagef("--max-rate ROWS is needed, 0 or more")
	}
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		if err := e.Throttle(ctx, r.ID, rate); err != nil {
			return err
		}
		return p.steered(ctx, e, r, pace(rate))
	})
}

func pace(rate float64) string {
	if rate == 0 {
		return "runs at the configured pace"
	}
	return fmt.Sprintf("runs at %s at most", plural(int64(rate), "row/s", "rows/s"))
}
