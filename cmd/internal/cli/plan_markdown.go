package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// planMarkdown is a plan as a comment under a pull request.
func planMarkdown(pl *plans.Plan, ways []plans.Considered) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## Plan `%s`\n\n", code(pl.Name))
	for _, o := range pl.Operations {
		fmt.Fprintf(&b, "- **change:** %s\n", cell(o.Words()))
	}
	fmt.Fprintf(&b, "- **server:** %s\n- **strategy:** %s\n- **replicas:** %s\n- **run:** `%s`\n- **hash:** `%s`\n",
		cell(server(pl)), cell(pl.Strategy), cell(cmp.Or(strings.Join(pl.Replicas, ", "), "not said")), pl.ID, pl.Hash)
	if age := factsAge(pl, time.Now()); age != "" {
		fmt.Fprintf(&b, "- **facts:** %s\n", age)
	}
	for _, r := range pl.Rollouts {
		fmt.Fprintf(&b, "- **rollout:** %s\n", cell(rollout(r)))
	}
	for _, n := range pl.Notes {
		fmt.Fprintf(&b, "\n> %s\n", cell(n))
	}
	markdownConsidered(&b, ways)
	markdownTimeline(&b, pl)
	for _, ph := range pl.Phases {
		markdownPhase(&b, pl, ph)
	}
	b.WriteString("\n### Assumes\n\n")
	for _, a := range pl.Assumes {
		if w := assumption(a); w != "" {
			fmt.Fprintf(&b, "- %s\n", cell(w))
		}
	}
	return b.Bytes()
}

func markdownPhase(b *bytes.Buffer, pl *plans.Plan, ph plans.Phase) {
	fmt.Fprintf(b, "\n### %s (%s)\n\n", strings.ToUpper(string(ph.Name)), cell(reversible(ph)))
	fmt.Fprintf(b, "- **code before:** %s\n- **code after:** %s\n- **gates:** %s\n", cell(ph.Code.Before), cell(ph.Code.After), cell(gateNames(ph.Gates)))
	for _, l := range [][2]string{{"disk", room(ph.Estimate)}, {"replicas", replay(ph.Estimate)}} {
		if l[1] != "" {
			fmt.Fprintf(b, "- **%s:** %s\n", l[0], cell(l[1]))
		}
	}
	if len(ph.Steps) == 0 {
		return
	}
	b.WriteString("\n| step | does | lock | blocks | estimate | because |\n|---|---|---|---|---|---|\n")
	for _, st := range ph.Steps {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", st.ID, cell(doing(pl, st)+after(st.Gates)), cell(cmp.Or(st.Lock.Level, "none")),
			cell(bound(st.Lock)), cell(work(st)), cell(st.Because))
	}
	for _, st := range ph.Steps {
		markdownSQL(b, st)
	}
}

// after names the gates that stand before one step.
func after(gates []plans.GateRef) string {
	if len(gates) == 0 {
		return ""
	}
	return ", after " + gateNames(gates)
}

func bound(l plans.Lock) string {
	if l.BoundedMS == 0 {
		return blocks(l)
	}
	return fmt.Sprintf("%s ≤ %s", blocks(l), seconds(float64(l.BoundedMS)/1000))
}

func markdownSQL(b *bytes.Buffer, st plans.Step) {
	if len(st.SQL) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>SQL of <code>%s</code></summary>\n\n%s</details>\n", st.ID, fenced(st.SQL)+undo(st.Undo))
}

func undo(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "Undo:\n\n" + fenced(list)
}

// fenced uses a fence that no statement holds.
func fenced(list []string) string {
	text := strings.Join(list, ";\n") + ";\n"
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "sql\n" + clean(text) + fence + "\n\n"
}

var cellEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", ">", "&gt;", "`", "\\`", "*", `\*`, "_", `\_`)

// cell writes text that may hold anything a column's name may hold.
func cell(s string) string { return cellEscapes.Replace(clean(s)) }

func code(s string) string { return strings.ReplaceAll(clean(s), "`", "'") }
