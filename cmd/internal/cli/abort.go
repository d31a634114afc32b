package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) abortCommand() *cli.Command {
	return &cli.Command{
		Name:        "abort",
		Category:    groupRun,
		Usage:       "stop a run for good, where it stands",
		ArgsUsage:   runArgument,
		Description: "Nothing is taken back and nothing is lost: both sides go on being kept in step until\nphasemig rollback --all.",
		Flags:       runFlags(),
		Action:      p.abort,
	}
}

func (p *program) abort(c *cli.Context) error {
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		res, err := e.Abort(ctx, r.ID)
		p.emitResult(res, err, "")
		return err
	})
}
