package report

import (
	"io"
	"path"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/phasemig/phasemig/lint"
)

const home = "https://github.com/phasemig/phasemig"

// SARIF writes a SARIF 2.1.0 log, as GitHub's code scanning and others read it.
func SARIF(w io.Writer, d *lint.Dialect, r *lint.Result) error {
	run := sarif.NewRunWithInformationURI("phasemig lint", home)
	for _, x := range d.Rules {
		run.AddRule(x.ID).WithDescription(x.Summary).WithMarkdownHelp(x.Why).WithHelpURI(home + "/blob/main/docs/rules/" + d.Name + "/" + x.ID + ".md").
			WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level(x.Severity)))
	}
	files := byPath(r)
	for _, x := range r.Findings {
		run.AddResult(result(x, files))
	}
	log := sarif.NewReport()
	log.AddRun(run)
	return log.PrettyWrite(w)
}

func result(x lint.Finding, files map[string]*lint.File) *sarif.Result {
	text := x.Message
	if x.Safe != "" {
		text += "\n\nSafe:\n" + x.Safe
	}
	region := sarif.NewRegion().WithStartLine(x.Line).WithStartColumn(x.Column)
	if f := files[x.File]; f != nil {
		line, column := f.Position(x.Offset + x.Length)
		region.WithEndLine(line).WithEndColumn(column)
	}
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri(x.File))).WithRegion(region)
	out := sarif.NewRuleResult(x.Rule).WithLevel(level(x.Severity)).WithMessage(sarif.NewTextMessage(text))
	out.AddLocation(sarif.NewLocationWithPhysicalLocation(place))
	out.WithPartialFingerprints(map[string]string{"phasemig/v1": x.Fingerprint()})
	return out
}

func uri(file string) string {
	return strings.ReplaceAll(path.Clean(strings.ReplaceAll(file, `\`, "/")), " ", "%20")
}

func level(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	}
	return "note"
}
