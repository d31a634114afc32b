package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

func (p *program) throttleCommand() *cli.Command {
	return &cli.Command{
		Name:      "throttle",
		Category:  groupSteer,
		Usage:     "set the pace of a running run",
		ArgsUsage: runArgument,
		Description: "A run at work follows within a second, and later calls of apply, too. 0 and '' take a\n" +
			"limit away again: then what apply was called with holds, or phasemig.yaml.",
		Flags: runFlags(
			&cli.Float64Flag{Name: "max-rate", Usage: "`ROWS` a second at most"},
			&cli.DurationFlag{Name: "max-lag", Usage: "`TIME` that a replica may lag before the copying is held"},
			&cli.DurationFlag{Name: "max-latency", Usage: "`TIME` of the application's transactions, at their p99, over which the copying slows down"},
			&cli.StringFlag{Name: "max-load", Usage: "`NAME=NUMBER,…` of the server's variables over which the copying is held"},
			&cli.StringFlag{Name: "critical-load", Usage: "`NAME=NUMBER,…` over which the run ends, to be called again"},
		),
		Action: p.throttle,
	}
}

func (p *program) throttle(c *cli.Context) error {
	changes, err := paceChanges(c)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		return usagef("one of --max-rate, --max-lag, --max-latency, --max-load, --critical-load is needed")
	}
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		var now state.Control
		err := e.Throttle(ctx, r.ID, func(c *state.Control) {
			for _, change := range changes {
				change(c)
			}
			now = *c
		})
		if err != nil {
			return err
		}
		return p.steered(ctx, e, r, pace(now))
	})
}

// paceChanges reads the flags that are given; what isn't stays as it was.
func paceChanges(c *cli.Context) ([]func(*state.Control), error) {
	var out []func(*state.Control)
	if c.IsSet("max-rate") {
		v := c.Float64("max-rate")
		if !(v >= 0) {
			return nil, usagef("--max-rate is negative")
		}
		out = append(out, func(c *state.Control) { c.MaxRate = v })
	}
	for name, field := range map[string]func(*state.Limits) *time.Duration{
		"max-lag":     func(l *state.Limits) *time.Duration { return &l.MaxLag },
		"max-latency": func(l *state.Limits) *time.Duration { return &l.MaxLatency },
	} {
		v := c.Duration(name)
		if v < 0 {
			return nil, usagef("--%s is negative", name)
		}
		if c.IsSet(name) {
			out = append(out, func(c *state.Control) { *field(&c.Limits) = v })
		}
	}
	for name, field := range map[string]func(*state.Limits) *string{
		"max-load":      func(l *state.Limits) *string { return &l.MaxLoad },
		"critical-load": func(l *state.Limits) *string { return &l.CriticalLoad },
	} {
		list, err := throttle.ParseThresholds(c.String(name))
		if err != nil {
			return nil, usagef("--%s: %v", name, err)
		}
		if len(list.String()) > mostExpression {
			return nil, usagef("--%s is longer than %d characters", name, mostExpression)
		}
		if c.IsSet(name) {
			out = append(out, func(c *state.Control) { *field(&c.Limits) = list.String() })
		}
	}
	return out, nil
}

// mostExpression bounds what is stored on the server.
const mostExpression = 1000

// pace says how a run is to go on.
func pace(c state.Control) string {
	var out []string
	if c.MaxRate > 0 {
		out = append(out, fmt.Sprintf("%s at most", plural(int64(c.MaxRate), "row/s", "rows/s")))
	}
	if c.Limits != (state.Limits{}) {
		out = append(out, c.Limits.String())
	}
	if len(out) == 0 {
		return "runs at the configured pace"
	}
	return "runs at " + strings.Join(out, ", ")
}
