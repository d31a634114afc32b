// Command phasemig changes the schema of a live MySQL, MariaDB or PostgreSQL
// database in three phases, while old and new application code run side by side.
//
// It is the composition root: main.go turns signals into a cancelled context and
// the result into an exit code, dialects.go is the one place that names the
// dialects. All else is package cli. A first SIGINT or SIGTERM ends the run at the next
// safe point with exit code 75; a second one ends the process at once.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a container may have no time zones, and gates know them by name

	"github.com/phasemig/phasemig/cmd/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the next signal is the system's to handle
	os.Exit(cli.Run(ctx, os.Args, cli.Host{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Open: open, Planner: planner,
	}))
}
