package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/plans"
)

func (p *program) showCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Category:  groupPlan,
		Usage:     "show a plan file, for reading or for a review",
		ArgsUsage: "PLAN",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"output"}, Value: "table", Usage: "`FORM`: table, json, markdown, github, spinnaker"},
			&cli.BoolFlag{Name: "verbose", Usage: "show the SQL of every step and of its undo"},
		},
		Action: p.show,
	}
}

func (p *program) show(c *cli.Context) error {
	if err := p.setFormat(c.String("format"), planFormats...); err != nil {
		return err
	}
	path, err := one(c, "a plan file")
	if err != nil {
		return err
	}
	pl, err := p.readPlan(path)
	if err != nil {
		return err
	}
	b, err := pl.Encode()
	if err != nil {
		return err
	}
	p.showPlan(pl, b, nil, c.Bool("verbose"))
	return nil
}

// showPlan prints a plan in the form that was asked for, with the ways that were considered; b is its encoding.
func (p *program) showPlan(pl *plans.Plan, b []byte, ways []plans.Considered, verbose bool) {
	switch p.format {
	case formatMarkdown:
		_, _ = p.Stdout.Write(planMarkdown(pl, ways))
		return
	case formatGitHub, formatSpinnaker:
		p.result, p.summary = pl, string(planMarkdown(pl, ways))
		return
	}
	p.emit(b, func(g *page) { g.plan(pl, ways, verbose) })
}
