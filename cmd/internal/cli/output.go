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
			return nil
		}
	}
	return usagef("--output %q is not one of %s", name, join(allowed))
}

// emit takes a result: text is written at once, JSON when the call ends.
func (p *program) emit(result any, text func(*page)) {
	p.result = result
	if p.format == formatText {
		pg := p.page()
		text(pg)
		_, _ = p.Stdout.Write(pg.bytes())
	}
}

// note tells something beside the result.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "phasemig: %s\n", clean(p.redact(fmt.Sprintf(format, args...))))
}
