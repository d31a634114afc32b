package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/canary/source"
	"github.com/phasemig/phasemig/plans"
)

// Canary is where measurements of new code beside old code come from: Prometheus with the labels of
// each side, or two files.
type Canary struct {
	Prometheus   string        `yaml:"prometheus"` // its URL as far as, and without, /api/v1
	TokenEnv     string        `yaml:"token_env"`  // the variable that holds a bearer token
	Baseline     string        `yaml:"baseline"`   // labels of the old code, put where a query says $labels
	Canary       string        `yaml:"canary"`
	Timeout      time.Duration `yaml:"timeout"` // of one query; 10 s
	BaselineFile string        `yaml:"baseline_file"`
	CanaryFile   string        `yaml:"canary_file"` // CSV or JSON, with times
}

func (c Canary) validate() error {
	if (c.Prometheus == "") == (c.BaselineFile == "") || (c.BaselineFile == "") != (c.CanaryFile == "") {
		return errors.New("want prometheus, or baseline_file and canary_file")
	}
	if c.Prometheus != "" && (c.Baseline == "" || c.Canary == "" || c.Baseline == c.Canary) {
		return errors.New("prometheus needs baseline and canary, the labels of the two sides, and not the same ones")
	}
	return nil
}

// trial are the settings of canary. Config is complete: what the plan's hash covers decides.
type trial struct {
	target       string
	window, step time.Duration
	config       canary.Config
}

// judged are the settings that are package canary's.
var judged = []string{"alpha", "pass", "marginal", "metrics"}

func trialOf(p map[string]any) (t trial, err error) {
	t.target = text(p, "target", "")
	if t.window, err = duration(p, "window", time.Hour); err != nil {
		return t, err
	}
	if t.step, err = duration(p, "step", time.Minute); err != nil {
		return t, err
	}
	if err := (source.Window{Start: time.Unix(0, 0), End: time.Unix(0, 0).Add(t.window), Step: t.step}).Check(); err != nil {
		return t, fmt.Errorf("settings window and step: %w", err)
	}
	own := map[string]any{}
	for _, name := range judged {
		if v, ok := p[name]; ok {
			own[name] = v
		}
	}
	b, err := json.Marshal(own)
	if err != nil {
		return t, fmt.Errorf("it holds what JSON can't: %w", err)
	}
	t.config, err = canary.ParseConfig(b)
	return t, err
}

// Complete fills in the settings that decide a verdict and were left to their defaults, so that the
// plan's hash covers them: a later version with other defaults must not judge by them.
func Complete(g plans.GateRef) (plans.GateRef, error) {
	if g.Kind == "flag" {
		return plainExpiry(g), nil
	}
	if g.Kind != "canary" {
		return g, nil
	}
	t, err := trialOf(g.Params)
	if err != nil {
		return g, err
	}
	b, err := json.Marshal(t.config)
	if err != nil {
		return g, err
	}
	params := map[string]any{"window": t.window.String(), "step": t.step.String()}
	if t.target != "" {
		params["target"] = t.target
	}
	return plans.GateRef{Kind: g.Kind, Params: params}, json.Unmarshal(b, &params)
}

// canaryGate judges new code by its measurements beside old code: PROMOTE passes, ROLLBACK fails,
// MANUAL is inconclusive and says what would make it sure. Settings: target, window (1h), step (1m), and what decides: alpha,
// pass, marginal, metrics; see package canary.
func canaryGate(ctx context.Context, in Input) (Verdict, error) {
	t, err := trialOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	from, name, err := pick("canaries", in.Targets.Canaries, t.target)
	if err != nil {
		return Verdict{}, err
	}
	w := source.Window{Start: in.Now.Add(-t.window), End: in.Now, Step: t.step}
	data, err := from.read(ctx, t.config, w)
	if err != nil {
		return Verdict{}, fmt.Errorf("canary %s: %w", name, err)
	}
	v, err := canary.Judge(t.config, data)
	if err != nil {
		return Verdict{}, fmt.Errorf("canary %s: %w", name, err)
	}
	evidence := map[string]any{"target": name, "start": w.Start.UTC().Format(time.RFC3339), "end": w.End.UTC().Format(time.RFC3339), "step": t.step.String(),
		"verdict": v.Decision, "reasons": v.Reasons, "score": v.Score, "best_score": v.Best, "metrics": v.Metrics}
	reason := fmt.Sprintf("%s: %s", v.Decision, strings.Join(v.Reasons, "; "))
	switch v.Decision {
	case canary.Promote:
		return Passed(reason, evidence), nil
	case canary.Rollback:
		return Failed(reason, evidence), nil
	}
	if a := firstAdvice(v); a != "" {
		reason += ". " + a
	}
	return Unsure(reason, evidence), nil
}

func firstAdvice(v canary.Verdict) string {
	for _, r := range v.Metrics {
		if len(r.Advice) > 0 {
			return fmt.Sprintf("%s: %s", r.Metric, r.Advice[0].Text)
		}
	}
	return ""
}

func (c Canary) read(ctx context.Context, config canary.Config, w source.Window) (canary.Data, error) {
	if c.Prometheus == "" {
		return c.files(w)
	}
	token, err := tokenFrom(c.TokenEnv)
	if err != nil {
		return canary.Data{}, err
	}
	return source.Prometheus{URL: c.Prometheus, Token: token, Timeout: c.Timeout}.Read(ctx, config, w, source.Labels{Baseline: c.Baseline, Canary: c.Canary})
}

// files reads both sides. Who writes the files decides what of them is old: measurements of the release before
// look as well as any, so each metric must have a point in the window.
func (c Canary) files(w source.Window) (canary.Data, error) {
	var d canary.Data
	for _, f := range []struct {
		path string
		into *canary.Population
	}{{c.BaselineFile, &d.Baseline}, {c.CanaryFile, &d.Canary}} {
		b, err := os.ReadFile(f.path)
		if err != nil {
			return d, err
		}
		if *f.into, err = source.Either(b); err != nil {
			return d, fmt.Errorf("read %s: %w", f.path, err)
		}
		if err := recent(*f.into, w); err != nil {
			return d, fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return d, nil
}

func recent(p canary.Population, w source.Window) error {
	for name, s := range p.Metrics {
		if len(s.Times) == 0 {
			return fmt.Errorf("%s has no times: how old it is can't be told", name)
		}
		if last := time.UnixMilli(s.Times[len(s.Times)-1]); last.Before(w.Start) || last.After(w.End.Add(clockSkew)) {
			return fmt.Errorf("the last point of %s is of %s, outside of the window from %s", name, last.UTC().Format(time.RFC3339), w.Start.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
