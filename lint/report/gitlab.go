package report

import (
	"io"

	"github.com/phasemig/phasemig/lint"
)

type quality struct {
	Description string   `json:"description"`
	Check       string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// GitLab writes a code quality report.
func GitLab(w io.Writer, _ *lint.Dialect, r *lint.Result) error {
	out := []quality{}
	for _, x := range r.Findings {
		q := quality{Description: x.Message, Check: x.Rule, Fingerprint: x.Fingerprint(),
			Severity: map[lint.Severity]string{lint.Error: "critical", lint.Warning: "minor", lint.Note: "info"}[x.Severity]}
		q.Location.Path, q.Location.Lines.Begin = x.File, x.Line
		out = append(out, q)
	}
	return encode(w, out)
}
