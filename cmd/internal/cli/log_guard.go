package cli

import (
	"io"
	"regexp"
	"strings"
)

// logGuard keeps text apart from commands. Orchestrators read a step's whole log, and messages hold words of
// others: the answer of a gate, a column's name, an error of the server.
type logGuard struct {
	io.Writer
	harmless func(string) string
}

func (g *logGuard) Write(b []byte) (int, error) {
	if _, err := io.WriteString(g.Writer, g.harmless(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// guardLog puts the guard before stderr where an orchestrator's form was asked for.
func (p *program) guardLog() {
	if _, has := p.Stderr.(*logGuard); has {
		return
	}
	switch p.format {
	case formatGitHub:
		p.Stderr = &logGuard{p.Stderr, noWorkflowCommand}
	case formatSpinnaker:
		p.Stderr = &logGuard{p.Stderr, noSpinnakerWord}
	}
}

var lineOfColons = regexp.MustCompile(`(?m)^([\s\p{Z}]*)::`)

// noWorkflowCommand: GitHub takes a line for a command that begins with "::" after any white space, and, in
// the older form, one that holds "##[".
func noWorkflowCommand(s string) string {
	return strings.ReplaceAll(lineOfColons.ReplaceAllString(s, "$1: :"), "##[", "## [")
}

// noSpinnakerWord: Spinnaker finds its words anywhere in a line.
func noSpinnakerWord(s string) string { return strings.ReplaceAll(s, "SPINNAKER_", "SPINNAKER ") }
