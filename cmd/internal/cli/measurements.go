package cli

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/canary/source"
	"github.com/phasemig/phasemig/plans"
)

// prometheusToken is the variable that holds the bearer token: the command line is readable by
// every user of the machine.
const prometheusToken = "PHASEMIG_PROMETHEUS_TOKEN"

func prometheusFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "prometheus", Usage: "`URL` of a Prometheus to ask in place of files; a bearer token is taken from " + prometheusToken},
		&cli.StringFlag{Name: "baseline-labels", Usage: "`LABELS` of the old code, put where a query says $labels, as in track=\"stable\""},
		&cli.StringFlag{Name: "canary-labels", Usage: "`LABELS` of the new code"},
		&cli.DurationFlag{Name: "window", Value: time.Hour, Usage: "`TIME` that is judged"},
		&cli.StringFlag{Name: "end", Usage: "`MOMENT` at which the window ends (RFC 3339)", DefaultText: "now"},
		&cli.DurationFlag{Name: "step", Value: time.Minute, Usage: "`TIME` between two points, put where a query says $step"},
		&cli.DurationFlag{Name: "timeout", Value: 10 * time.Second, Usage: "`TIME` that one query may take"},
	}
}

// measured says what a verdict was drawn from.
type measured struct {
	Baseline   string     `json:"baseline"` // a file, or labels
	Canary     string     `json:"canary"`
	Prometheus string     `json:"prometheus,omitempty"`
	Start      *time.Time `json:"start,omitempty"`
	End        *time.Time `json:"end,omitempty"`
	Step       float64    `json:"step_seconds,omitempty"`
}

// measurements reads both sides from files or from Prometheus.
func (p *program) measurements(c *cli.Context, config canary.Config) (canary.Data, measured, error) {
	files := c.IsSet("baseline") || c.IsSet("canary")
	switch {
	case files && c.IsSet("prometheus"):
		return canary.Data{}, measured{}, usagef("--prometheus is given beside files")
	case c.IsSet("prometheus"):
		return p.fromPrometheus(c, config)
	case c.String("baseline") == "" || c.String("canary") == "":
		return canary.Data{}, measured{}, &usageError{"measurements of both sides are needed", "--baseline FILE --canary FILE, or --prometheus URL"}
	}
	for _, f := range prometheusFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return canary.Data{}, measured{}, usagef("--%s is of use with --prometheus only", name)
		}
	}
	return p.fromFiles(c.String("baseline"), c.String("canary"))
}

func (p *program) fromFiles(baseline, canaryFile string) (canary.Data, measured, error) {
	from := measured{Baseline: baseline, Canary: canaryFile}
	b, err := p.readPopulation(baseline)
	if err != nil {
		return canary.Data{}, from, err
	}
	c, err := p.readPopulation(canaryFile)
	return canary.Data{Baseline: b, Canary: c}, from, err
}

func (p *program) readPopulation(path string) (canary.Population, error) {
	b, err := p.readFile(path)
	if err != nil {
		return canary.Population{}, &plans.InputError{What: "measurements", Reason: err.Error()}
	}
	out, err := source.Either(b)
	if err != nil {
		return out, &plans.InputError{What: path, Reason: err.Error(), Hint: "docs/canary.md shows both forms"}
	}
	return out, nil
}

func (p *program) fromPrometheus(c *cli.Context, config canary.Config) (canary.Data, measured, error) {
	at, err := prometheusURL(c.String("prometheus"))
	if err != nil {
		return canary.Data{}, measured{}, err
	}
	labels := source.Labels{Baseline: c.String("baseline-labels"), Canary: c.String("canary-labels")}
	if labels.Baseline == "" || labels.Canary == "" || labels.Baseline == labels.Canary {
		return canary.Data{}, measured{}, &usageError{"--prometheus needs --baseline-labels and --canary-labels, and not the same ones", `--baseline-labels 'track="stable"' --canary-labels 'track="canary"'`}
	}
	w, err := window(c)
	if err != nil {
		return canary.Data{}, measured{}, err
	}
	token := p.Getenv(prometheusToken)
	p.secrets = append(p.secrets, token)
	d, err := p.ask(c.Context, source.Prometheus{URL: at, Token: token, Timeout: c.Duration("timeout")}, config, w, labels)
	return d, measured{labels.Baseline, labels.Canary, at, &w.Start, &w.End, w.Step.Seconds()}, err
}

func (p *program) ask(ctx context.Context, from source.Prometheus, config canary.Config, w source.Window, labels source.Labels) (canary.Data, error) {
	d, err := from.Read(ctx, config, w, labels)
	if err != nil {
		return d, fmt.Errorf("read the measurements: %w", err)
	}
	return d, nil
}

// prometheusURL refuses a password in a URL for the reason given at noPassword.
func prometheusURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", &usageError{"--prometheus is no URL of a server", "--prometheus https://prometheus.example"}
	}
	if _, ok := u.User.Password(); ok || inQuery.MatchString(s) {
		return "", &usageError{"--prometheus holds a password; the command line is readable by every user of this machine", "set " + prometheusToken + " to a bearer token"}
	}
	return s, nil
}

func window(c *cli.Context) (source.Window, error) {
	end := time.Now()
	if c.IsSet("end") {
		var err error
		if end, err = time.Parse(time.RFC3339, c.String("end")); err != nil {
			return source.Window{}, usagef("--end %q is no moment like 2026-03-01T10:00:00Z", c.String("end"))
		}
	}
	w := source.Window{Start: end.Add(-c.Duration("window")).UTC(), End: end.UTC(), Step: c.Duration("step")}
	if err := w.Check(); err != nil {
		return w, usagef("--window, --end and --step: %v", err)
	}
	if c.Duration("timeout") <= 0 {
		return w, usagef("--timeout must be more than nothing")
	}
	return w, nil
}
