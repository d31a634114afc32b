package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/phasemig/phasemig/plans"
)

// event is a line of a plan's timeline: gates that are waited for, or a step.
type event struct {
	what    string
	gate    bool
	seconds float64 // as estimated; 0: a moment
	last    bool    // there is no way back from here
}

// events are what happens in a phase, in its order. Where a plan is about several tables each step names its own.
func events(pl *plans.Plan, ph plans.Phase) []event {
	several := len(pl.Tables()) > 1
	var out []event
	for _, g := range ph.Gates {
		out = append(out, event{what: gateName(g), gate: true})
	}
	for _, st := range ph.Steps {
		for _, g := range st.Gates {
			out = append(out, event{what: gateName(g), gate: true})
		}
		what := string(st.Kind)
		if several {
			what += " " + st.Table.Name
		}
		out = append(out, event{what: what, seconds: st.Estimate.Seconds, last: st.ID == ph.Until})
	}
	return out
}

// works is the time of all steps.
func works(pl *plans.Plan) float64 {
	var sum float64
	for _, ph := range pl.Phases {
		for _, st := range ph.Steps {
			sum += st.Estimate.Seconds
		}
	}
	return sum
}

// barWidth is the room of all bars of a timeline, in characters.
const barWidth = 30

// timeline draws the steps one below the other, each behind those before it.
func (g *page) timeline(pl *plans.Plan) {
	all := works(pl)
	g.line("%s  %s", g.style.bold("TIMELINE"), g.style.dim("as estimated; gates and deploys take what they take"))
	width := stepWidth(pl)
	var at float64
	for _, ph := range pl.Phases {
		label := string(ph.Name)
		for _, e := range events(pl, ph) {
			g.line("  %s%s", pad(label, 10), eventLine(e, width, at, all))
			at, label = at+e.seconds, ""
		}
		if label != "" {
			g.line("  %s-", pad(label, 10))
		}
	}
}

// stepWidth is the room of the steps' names; a long one takes more in its own line.
func stepWidth(pl *plans.Plan) int {
	width := 15
	for _, ph := range pl.Phases {
		for _, e := range events(pl, ph) {
			if !e.gate {
				width = max(width, min(utf8.RuneCountInString(e.what)+1, 32))
			}
		}
	}
	return width
}

// eventLine is one line: a gate by its name, a step with its bar.
func eventLine(e event, width int, at, all float64) string {
	if e.gate {
		return "? " + e.what
	}
	out := "  " + pad(e.what, width)
	if all > 0 {
		out += pad(bar(e.seconds, at, all), barWidth+2)
	}
	if e.seconds > 0 {
		out += "~" + seconds(e.seconds)
	}
	if e.last {
		out += strings.Repeat(" ", 2) + "no way back from here"
	}
	return out
}

// bar stands where its step begins; what takes a moment is a line.
func bar(took, at, all float64) string {
	from, to := int(at/all*barWidth), int((at+took)/all*barWidth+0.5)
	if to <= from {
		return strings.Repeat(" ", from) + "|"
	}
	return strings.Repeat(" ", from) + strings.Repeat("=", to-from)
}

// inDiagram takes out what has a meaning in a Mermaid diagram.
var inDiagram = strings.NewReplacer(":", " ", ";", " ", "#", " ", "\n", " ", "`", "'", "%%", "%")

// markdownTimeline is the timeline as GitHub and GitLab draw it.
func markdownTimeline(b *bytes.Buffer, pl *plans.Plan) {
	b.WriteString("\n### Timeline\n\n```mermaid\ntimeline\n")
	for _, ph := range pl.Phases {
		fmt.Fprintf(b, "    section %s\n", ph.Name)
		list := events(pl, ph)
		if len(list) == 0 {
			b.WriteString("        nothing\n")
		}
		for _, e := range list {
			fmt.Fprintf(b, "        %s : %s\n", inDiagram.Replace(clean(e.what)), eventWords(e))
		}
	}
	b.WriteString("```\n")
}

func eventWords(e event) string {
	words := "a moment"
	switch {
	case e.gate:
		return "gate"
	case e.seconds > 0:
		words = "about " + seconds(e.seconds)
	}
	if e.last {
		words += ", no way back from here"
	}
	return words
}
