package demo

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/traffic"
	"github.com/phasemig/phasemig/plans"
)

// report is what a demo ends with.
type report struct {
	server           string
	loaded, rows     int64
	filled           int64
	filling          time.Duration
	before, during   traffic.Report // the application without and with the migration
	verified, differ int64
	phases           []phaseTime
}

type phaseTime struct {
	name plans.PhaseName
	took time.Duration
}

func (r *report) phase(n plans.PhaseName, took time.Duration) {
	r.phases = append(r.phases, phaseTime{n, took})
}

// verdict is an error if the migration did what it must not do.
func (r *report) verdict() error {
	if n := r.before.Errors + r.during.Errors; n > 0 {
		all := append(r.before.First, r.during.First...)
		var text []string
		for _, e := range all {
			text = append(text, e.String())
		}
		return fmt.Errorf("%s:\n  %s", plural(n, "application error"), strings.Join(text, "\n  "))
	}
	if r.differ > 0 {
		return fmt.Errorf("%s differ between the two columns", plural(r.differ, "row"))
	}
	if r.during.Transactions == 0 {
		return errors.New("the application did nothing: there is nothing to show")
	}
	return nil
}

func (r *report) write(w io.Writer) error {
	rate := float64(r.filled) / max(r.filling.Seconds(), 1e-3)
	var phases []string
	for _, p := range r.phases {
		phases = append(phases, fmt.Sprintf("%s %s", p.name, seconds(p.took)))
	}
	lines := [][2]string{
		{"server", r.server},
		{"change", "users.full_name → display_name"},
		{"rows", fmt.Sprintf("%s loaded, %s at the end", grouped(r.loaded), grouped(r.rows))},
		{"backfill", fmt.Sprintf("%s in %s, %s rows/s", plural(r.filled, "row"), seconds(r.filling), grouped(int64(rate)))},
		{"application", fmt.Sprintf("%s of old and new code meanwhile, %d errors", plural(r.during.Transactions, "transaction"), r.during.Errors)},
		{"deadlocks", fmt.Sprintf("%s; without phasemig %s", retries(r.during), retries(r.before))},
		{"latency", fmt.Sprintf("p99 %s; without phasemig %s", r.during.P99.Round(100*time.Microsecond), r.before.P99.Round(100*time.Microsecond))},
		{"longest stall", fmt.Sprintf("%s; without phasemig %s", r.during.Longest.Took.Round(time.Millisecond), r.before.Longest.Took.Round(time.Millisecond))},
		{"verification", fmt.Sprintf("%s compared, %d differ; %s hold what was committed", plural(r.verified, "row"), r.differ, plural(r.rows, "row"))},
		{"phases", strings.Join(phases, " · ")},
	}
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%-14s %s\n", l[0], l[1])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func retries(r traffic.Report) string {
	return fmt.Sprintf("%d (%.2f %% of transactions tried again)", r.Deadlocks, 100*r.RetryRate())
}

func brief(r traffic.Report) string {
	return fmt.Sprintf("%s, p99 %s, longest %s, %s, %s", plural(r.Transactions, "transaction"), r.P99.Round(100*time.Microsecond),
		r.Longest.Took.Round(time.Millisecond), plural(r.Deadlocks, "deadlock"), plural(r.Errors, "error"))
}

func stepNames(ph plans.Phase) string {
	var out []string
	for _, s := range ph.Steps {
		word := strings.ReplaceAll(string(s.Kind), "_", " ")
		if s.Twin != nil {
			word = strings.ReplaceAll(string(s.Twin.Kind), "_", " ") + " " + s.Twin.Name
		}
		out = append(out, strings.TrimSpace(word))
	}
	if len(out) == 0 {
		return "gates only"
	}
	return strings.Join(out, " → ")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return grouped(n) + " " + word + "s"
}

// grouped writes 300000 as 300,000.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
