package cli

import (
	"bytes"
	"fmt"

	"github.com/phasemig/phasemig/plans"
)

// considered are the ways in which a plan could go, as they are shown on a terminal.
func (g *page) considered(list []plans.Considered) {
	if len(list) == 0 {
		return
	}
	g.gap()
	g.line("%s  %s", g.style.bold("WAYS"), g.style.dim("that were considered"))
	for _, c := range list {
		g.line("  %s %s", chosenMark(c), wayOf(c))
		g.labeled(4, "because", c.Because)
		g.labeled(4, "instead", c.Instead)
	}
}

// wayOf names a way, and what it is one of where a plan goes several.
func wayOf(c plans.Considered) string {
	if c.Of == "" {
		return c.Way
	}
	return c.Of + ": " + c.Way
}

func chosenMark(c plans.Considered) string {
	if c.Chosen {
		return "+"
	}
	return "-"
}

// markdownConsidered is the same under a pull request.
func markdownConsidered(b *bytes.Buffer, list []plans.Considered) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\n### Ways considered\n\n| way | taken | because | instead |\n|---|---|---|---|\n")
	for _, c := range list {
		taken := "no"
		if c.Chosen {
			taken = "**yes**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", cell(wayOf(c)), taken, cell(c.Because), cell(c.Instead))
	}
}
