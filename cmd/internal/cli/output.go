package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// format is how the result is written.
type format string

const (
	formatText     format = "text"
	formatJSON     format = "json"
	formatLines    format = "jsonl"
	formatMarkdown format = "markdown"
	// The forms of orchestrators, which read the log of a step: see github.go and spinnaker.go.
	formatGitHub    format = "github"
	formatSpinnaker format = "spinnaker"
)

// The forms of commands that pipelines call, without and with events.
var (
	pipelineFormats = []format{formatText, formatJSON, formatGitHub, formatSpinnaker}
	runnerFormats   = []format{formatText, formatJSON, formatLines, formatGitHub, formatSpinnaker}
	planFormats     = []format{formatText, formatJSON, formatMarkdown, formatGitHub, formatSpinnaker}
)

// outputFlag is on every command. A command that has events also takes jsonl.
func outputFlag(formats ...format) cli.Flag {
	return &cli.StringFlag{Name: "output", Value: string(formatText), Usage: "`FORM` of the result: " + join(formats)}
}

func join(formats []format) string {
	var out []string
	for _, f := range formats {
		out = append(out, string(f))
	}
	return strings.Join(out, ", ")
}

// setFormat is called first of all: the form holds for errors, too.
func (p *program) setFormat(name string, allowed ...format) error {
	if name == "table" {
		name = string(formatText)
	}
	for _, f := range allowed {
		if string(f) == name {
			p.format = f
			p.guardLog()
			return nil
		}
	}
	return usagef("--output %q is not one of %s", name, join(allowed))
}

// emit takes a result: text is written at once, JSON when the call ends.
func (p *program) emit(result any, text func(*page)) {
	p.result = result
	switch p.format {
	case formatText:
		pg := p.page()
		text(pg)
		_, _ = p.Stdout.Write(pg.bytes())
	case formatGitHub:
		pg := &page{width: widest}
		text(pg)
		p.summary = fencedText(string(pg.bytes()))
	}
}

// note tells something beside the result.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "phasemig: %s\n", clean(p.redact(fmt.Sprintf(format, args...))))
}
