package cli

import (
	"cmp"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
)

// paceFlags overrule phasemig.yaml for one call.
func paceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "workers", Usage: "`N` batches at a time", DefaultText: "2"},
		&cli.Float64Flag{Name: "max-rate", Usage: "`ROWS` a second at most", DefaultText: "no limit"},
		&cli.IntFlag{Name: "chunk-rows", Usage: "`ROWS` in a batch, fixed", DefaultText: "grows by itself"},
		&cli.DurationFlag{Name: "chunk-target", Usage: "`TIME` that a batch shall take, at most 200ms", DefaultText: "150ms"},
		&cli.DurationFlag{Name: "max-lag", Usage: "`TIME` that a replica may lag before the copying is held", DefaultText: "5s"},
		&cli.DurationFlag{Name: "max-latency", Usage: "`TIME` of the application's transactions, at their p99, over which the copying slows down", DefaultText: "off"},
		&cli.Float64Flag{Name: "max-active", Usage: "`N` active sessions from which on the copying is held", DefaultText: "by the server's size"},
		&cli.StringFlag{Name: "max-load", Usage: "`NAME=NUMBER,…` of the server's variables over which the copying is held"},
		&cli.StringFlag{Name: "critical-load", Usage: "`NAME=NUMBER,…` over which the run ends, to be called again"},
		&cli.StringFlag{Name: "throttle-http", Usage: "`URL` that is asked whether to go on: 200 is yes, all else holds the copying"},
		&cli.StringFlag{Name: "throttle-query", Usage: "`SQL` that returns a number: more than 0 holds the copying"},
		&cli.StringFlag{Name: "throttle-flag-file", Usage: "`FILE` that holds the copying while it exists"},
		replicaFlag(),
	}
}

func replicaFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "replica", Usage: "`NAME=URL` of a replica that the plan names; may be repeated"}
}

func lockFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "lock-wait", Usage: "longest `TIME` to wait for a lock that others queue behind", DefaultText: "1s"},
		&cli.DurationFlag{Name: "lock-budget", Usage: "`TIME` to go on trying for a lock, with pauses", DefaultText: "10m"},
		&cli.BoolFlag{Name: "kill-blockers", Usage: "end sessions that hold a lock in the way; never backups, replicas or other DDL"},
	}
}

// engineConfig joins flags and file.
func engineConfig(c *cli.Context, t *target) (engine.Config, error) {
	b, l, th := t.config.Backfill, t.config.Locks, t.config.Throttle
	overrule(c, "workers", &b.Workers, c.Int)
	overrule(c, "max-rate", &b.MaxRate, c.Float64)
	overrule(c, "chunk-rows", &b.ChunkRows, c.Int)
	overrule(c, "chunk-target", &b.ChunkTarget, c.Duration)
	overrule(c, "max-lag", &b.MaxLag, c.Duration)
	overrule(c, "max-latency", &b.MaxLatency, c.Duration)
	overrule(c, "max-active", &b.MaxActive, c.Float64)
	overrule(c, "max-load", &th.MaxLoad, c.String)
	overrule(c, "critical-load", &th.CriticalLoad, c.String)
	overrule(c, "throttle-http", &th.HTTP.URL, c.String)
	overrule(c, "throttle-query", &th.Query, c.String)
	overrule(c, "throttle-flag-file", &th.FlagFile, c.String)
	overrule(c, "lock-wait", &l.Wait, c.Duration)
	overrule(c, "lock-budget", &l.Budget, c.Duration)
	overrule(c, "kill-blockers", &l.KillBlockers, c.Bool)
	if err := cmp.Or(b.validate(), l.validate(), th.validate()); err != nil {
		return engine.Config{}, usagef("%v", err)
	}
	return engine.Config{
		Workers: b.Workers, MaxRate: b.MaxRate, ChunkRows: b.ChunkRows, ChunkTarget: b.ChunkTarget,
		MaxLag: b.MaxLag, MaxLatency: b.MaxLatency, MaxActive: b.MaxActive,
		MaxLoad: th.MaxLoad, CriticalLoad: th.CriticalLoad, HTTP: th.HTTP, Query: th.Query, FlagFile: th.FlagFile,
		LockWait: l.Wait, LockBudget: l.Budget, KillBlockers: l.KillBlockers,
		Repair:   c.Bool("repair"),
		Replicas: t.replicas, Targets: t.config.Targets,
	}, nil
}

type setting interface {
	int | float64 | time.Duration | bool | string
}

// overrule takes a flag's value only if the flag was given: zero means something.
func overrule[T setting](c *cli.Context, name string, field *T, get func(string) T) {
	if c.IsSet(name) {
		*field = get(name)
	}
}
