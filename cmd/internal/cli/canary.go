package cli

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/plans"
)

func (p *program) canaryCommand() *cli.Command {
	return &cli.Command{
		Name:      "canary",
		Category:  groupLook,
		Usage:     "judge new code by its measurements beside old code: PROMOTE, MANUAL or ROLLBACK",
		ArgsUsage: "judge",
		Description: "Measurements come from two files (CSV or JSON) or from Prometheus. The exit code is 0 for\n" +
			"PROMOTE, 3 for MANUAL, 4 for ROLLBACK. docs/canary.md explains configuration and statistics.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "config", Usage: "`FILE` with the metrics and what counts as worse (YAML or JSON; - is standard input)"},
			&cli.StringFlag{Name: "baseline", Usage: "`FILE` with the measurements of the old code (CSV or JSON)"},
			&cli.StringFlag{Name: "canary", Usage: "`FILE` with the measurements of the new code"},
		}, prometheusFlags(), []cli.Flag{outputFlag(textOrJSON...)}),
		Action: p.canary,
	}
}

func (p *program) canary(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	if what, err := one(c, "judge, the one thing that canary does,"); err != nil {
		return err
	} else if what != "judge" {
		return &usageError{fmt.Sprintf("canary can't %q", what), "phasemig canary judge"}
	}
	config, err := p.readCanaryConfig(c.String("config"))
	if err != nil {
		return err
	}
	data, from, err := p.measurements(c, config)
	if err != nil {
		return err
	}
	v, err := canary.Judge(config, data)
	if err != nil {
		return &plans.InputError{What: "measurements", Reason: err.Error(), Hint: "nothing was judged; see docs/canary.md for what the data may hold"}
	}
	p.emit(judgement{v, from}, func(g *page) { g.judged(v, from) })
	return notPromoted(v)
}

// judgement is the document of the command: the verdict and what it was drawn from.
type judgement struct {
	canary.Verdict
	From measured `json:"from"`
}

// readCanaryConfig reads YAML, of which JSON is a part.
func (p *program) readCanaryConfig(path string) (canary.Config, error) {
	if path == "" {
		return canary.Config{}, &usageError{"--config FILE is needed", "docs/canary.md has an example of such a file"}
	}
	b, err := p.readFile(path)
	if err != nil {
		return canary.Config{}, &plans.InputError{What: "canary config", Reason: err.Error()}
	}
	c, err := parseCanaryConfig(b)
	if err != nil {
		return c, &plans.InputError{What: path, Reason: err.Error(), Hint: "docs/canary.md lists what may stand in such a file"}
	}
	return c, nil
}

func parseCanaryConfig(b []byte) (canary.Config, error) {
	var v any
	if err := yaml.Unmarshal(b, &v); err != nil {
		return canary.Config{}, plainYAML(err)
	}
	j, err := json.Marshal(v)
	if err != nil {
		return canary.Config{}, fmt.Errorf("it holds what JSON can't: %w", err)
	}
	return canary.ParseConfig(j)
}

// judgedError is a verdict that is not PROMOTE.
type judgedError struct{ verdict canary.Verdict }

func (e *judgedError) Error() string {
	return fmt.Sprintf("%s: %s", e.verdict.Decision, e.verdict.Reasons[0])
}

func notPromoted(v canary.Verdict) error {
	if v.Decision == canary.Promote {
		return nil
	}
	return &judgedError{v}
}

// class is that of a gate which said no, or is not open yet.
func (e *judgedError) class() class {
	if e.verdict.Decision == canary.Rollback {
		return class{"canary_rollback", exitNo}
	}
	return class{"canary_manual", exitWaiting}
}

// hint is the first advice of a metric that is inconclusive.
func (e *judgedError) hint() string {
	if e.verdict.Decision == canary.Rollback {
		return "take the traffic from the canary; the old code goes on with the schema as it is"
	}
	for _, r := range e.verdict.Metrics {
		if len(r.Advice) > 0 {
			return fmt.Sprintf("%s: %s", r.Metric, r.Advice[0].Text)
		}
	}
	return "look at the numbers, and decide by hand"
}
