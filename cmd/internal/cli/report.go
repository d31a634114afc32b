package cli

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/cmd/internal/report"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

func (p *program) reportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Category:  groupLook,
		Usage:     "write a run as one HTML page, with its curves, gates and evidence",
		ArgsUsage: runArgument,
		Description: "The page loads nothing and can be kept beside the change. Curves come of samples that the runner\n" +
			"stores once a second, at most 360 a run. Without --out the page goes to standard output.",
		Flags:  runFlags(&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write the page to `FILE`"}),
		Action: p.report,
	}
}

// reportResult is the document of the report command.
type reportResult struct {
	engine.Glance
	Out   string `json:"out,omitempty"`
	Whole bool   `json:"evidence_whole"`
}

func (p *program) report(c *cli.Context) error {
	return p.onRun(c, textOrJSON, nil, func(ctx context.Context, e *engine.Engine, r state.Run) error {
		out := c.String("out")
		if c.IsSet("out") && out == "" {
			return usagef("--out is empty")
		}
		g, err := e.Glance(ctx, r.ID)
		if err != nil {
			return err
		}
		chain := state.CheckChain(g.Evidence)
		b, err := report.HTML(g, chain, doing)
		if err != nil {
			return err
		}
		res := reportResult{g, out, chain == nil}
		if out == "" || out == "-" {
			p.emit(res, func(g *page) { g.buf.Write(b) })
			return nil
		}
		if err := writeWhole(out, b); err != nil {
			return err
		}
		p.emit(res, func(g *page) { g.line("%s: %s", r.Name, out) })
		return nil
	})
}
