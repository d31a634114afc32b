package cli

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"

	"github.com/phasemig/phasemig/lint/report"
)

// endGitHub tells GitHub Actions how a step ended: an annotation on stdout, the facts of the result as
// outputs of the step, and a summary. The files are GitHub's, named by $GITHUB_OUTPUT and
// $GITHUB_STEP_SUMMARY; where they are not set only the annotation is written.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func (p *program) endGitHub(pr *problem) {
	title := strings.TrimSpace("phasemig " + p.command)
	_, _ = p.Stdout.Write([]byte(p.annotation(title, pr)))
	list := append(ended(pr), facts(p.result)...)
	var outputs strings.Builder
	for _, f := range list {
		outputs.WriteString(stepOutput(f))
	}
	p.appendTo("GITHUB_OUTPUT", outputs.String())
	p.appendTo("GITHUB_STEP_SUMMARY", stepSummary(title, list, p.summary))
}

// annotation is a warning where the same call may be made again, and an error where somebody
// must look first.
func (p *program) annotation(title string, pr *problem) string {
	if pr == nil {
		return report.Annotation("notice", title, clean(headline(p.result)))
	}
	level := "error"
	switch pr.Exit {
	case exitWaiting, exitHeld, exitTemporary:
		level = "warning"
	}
	text := pr.Message
	if pr.Hint != "" {
		text += "\nhint: " + pr.Hint
	}
	return report.Annotation(level, title+": "+pr.Class, clean(text))
}

// stepOutput writes one output in the form for several lines. Its delimiter comes from the value's
// hash: a value can't hold a line that ends it and names another output.
func stepOutput(f fact) string {
	end := fmt.Sprintf("phasemig_%.16x", sha256.Sum256([]byte(f.value)))
	return fmt.Sprintf("%s<<%s\n%s\n%s\n", f.name, end, clean(f.value), end)
}

func stepSummary(title string, list []fact, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n| | |\n|---|---|\n", cell(title))
	for _, f := range list {
		fmt.Fprintf(&b, "| %s | %s |\n", cell(f.name), cell(f.value))
	}
	return b.String() + "\n" + text + "\n"
}

// fencedText shows text as it is, in a fence that it doesn't hold.
func fencedText(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + clean(text) + fence + "\n"
}

// appendTo adds to a file that the environment names, if it does. What doesn't get there was not
// delivered, and the call is no success.
func (p *program) appendTo(variable, text string) {
	name := p.Getenv(variable)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(p.redact(text))
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil && p.failed == nil {
		p.failed = fmt.Errorf("append to $%s: %w", variable, err)
	}
}
