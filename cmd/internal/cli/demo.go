package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/internal/demo"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func (p *program) demoCommand() *cli.Command {
	return &cli.Command{
		Name:      "demo",
		Category:  groupMore,
		Usage:     "show the main job on a throwaway server with live traffic",
		ArgsUsage: "[postgres|mysql|mariadb]",
		Description: "Starts a server of its own (and installs it first if the machine has none), lets an old and a\n" +
			"new version of an application write to a table, takes it from full_name to display_name, and\n" +
			"ends with a report. Nothing is left behind.",
		Flags:  []cli.Flag{&cli.IntFlag{Name: "rows", Value: 300_000, Usage: "`N` rows of the table"}},
		Action: p.demo,
	}
}

func (p *program) demo(c *cli.Context) error {
	if err := atMost(c, 1); err != nil {
		return err
	}
	kind := throwaway.Postgres
	if name := c.Args().First(); name != "" {
		var err error
		if kind, err = throwaway.ParseKind(name); err != nil {
			return usagef("%v", err)
		}
	}
	if c.Int("rows") < 1 {
		return usagef("--rows wants at least 1")
	}
	return demo.Run(c.Context, demo.Options{Kind: kind, Rows: c.Int("rows"), Open: p.Open, Out: p.Stdout, Err: p.Stderr})
}
