package report

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/drill"
)

// Markdown writes the report as Markdown.
func Markdown(r *drill.Result) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Drill of %s: %s\n", cell(r.Plan), verdict(r))
	for _, f := range facts(r) {
		say("- %s: %s", f[0], cell(f[1]))
	}
	say("")
	for _, x := range r.Broken {
		say("- **broken** in the state %s, after %s, with %d rows: %s", x.State, cell(x.After), x.Rows, cell(x.What))
	}
	for _, s := range sections(r) {
		say("\n## %s\n", s.title)
		if len(s.rows) > 0 {
			say("| %s |", strings.Join(s.head, " | "))
			say("|%s", strings.Repeat("---|", len(s.head)))
			for _, row := range s.rows {
				cells := make([]string, len(row))
				for i, c := range row {
					cells[i] = cell(c)
				}
				say("| %s |", strings.Join(cells, " | "))
			}
		}
		if s.note != "" {
			say("\n%s", s.note)
		}
	}
	say("\n%s", sealNote)
	return b.String()
}

// cell keeps text of servers and checks from ending a table's cell or opening a tag.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", ">", "&gt;").Replace(s)
}

// section is a table of the report.
type section struct {
	title, note string
	head        []string
	rows        [][]string
}

func facts(r *drill.Result) [][2]string {
	out := [][2]string{
		{"plan", r.Plan + ", hash " + r.PlanHash}, {"server", r.Server.Product + " " + r.Server.Version + ", " + r.Server.Place},
		{"rows", sizes(r) + " (" + r.Data + ")"}, {"ended", r.Ended.Format("2006-01-02 15:04:05 MST")},
	}
	for _, c := range [][2]string{{"old code", r.Checks.Old}, {"new code", r.Checks.New}} {
		if c[1] == "" {
			c[1] = "not checked"
		}
		out = append(out, c)
	}
	return out
}

func sections(r *drill.Result) []section {
	out := []section{states(r), steps(r)}
	if len(r.StandIns) > 0 {
		out = append(out, standIns(r))
	}
	return append(out, forecasts(r))
}

func states(r *drill.Result) section {
	s := section{title: "Moves and states", head: []string{"rows", "move", "took", "state", "old code", "new code", "compared with before"}}
	for _, t := range r.Trials {
		for _, m := range t.Moves {
			s.rows = append(s.rows, []string{fmt.Sprint(t.Rows), m.Name(), outcome(m), string(m.State), checkedWords(m, "old"), checkedWords(m, "new"), comparedWords(m.Compared)})
		}
	}
	return s
}

func steps(r *drill.Result) section {
	s := section{title: "Steps", note: waitsNote, head: []string{"rows", "move", "step", "took", "rows/s", "reader waited", "writer waited", "lock not granted", "probe was told"}}
	for _, t := range r.Trials {
		s.note += fmt.Sprintf(" With %d rows a probe took up to %s while nothing was at work.", t.Rows, seconds(t.Noise))
		for _, m := range t.Moves {
			for _, x := range m.Steps {
				s.rows = append(s.rows, []string{fmt.Sprint(t.Rows), m.Name(), x.Step, seconds(x.Elapsed), rateWords(x), seconds(x.ReadWait), seconds(x.WriteWait), fmt.Sprint(x.Attempts), x.Probe})
			}
		}
	}
	return s
}

func standIns(r *drill.Result) section {
	s := section{title: "Gates that were not asked", note: "Each was answered by a stand-in: the drill proves nothing about them.", head: []string{"phase", "step", "gate", "why"}}
	for _, x := range r.StandIns {
		s.rows = append(s.rows, []string{string(x.Phase), x.Step, x.Gate, x.Why})
	}
	return s
}

func forecasts(r *drill.Result) section {
	s := section{title: fmt.Sprintf("Production: %d rows", r.Production), note: modelNote, head: []string{"step", "of", "forecast", "times the largest size", "not supported"}}
	if r.Production == 0 {
		return section{title: "Production", note: "The plan doesn't say how many rows there are, so nothing is forecast."}
	}
	for _, f := range r.Forecasts {
		s.rows = append(s.rows, []string{f.Step, ofWords[f.Of], forecastWords(f), fmt.Sprintf("%.3g", f.Beyond), strings.Join(f.Warnings, "; ")})
	}
	return s
}
