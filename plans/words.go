package plans

import (
	"fmt"
	"strings"
)

func names(sides []Side) string {
	var out []string
	for _, s := range sides {
		out = append(out, s.Name)
	}
	return strings.Join(out, ", ")
}

// codeFor says what the application must be doing before and after a phase.
func codeFor(n PhaseName, p *Plan) Code {
	var before, after []string
	for i := range p.Syncs {
		b, a := syncWords(n, &p.Syncs[i])
		before, after = append(before, b), append(after, a)
	}
	for i := range p.Alters {
		b, a := alterWords(n, &p.Alters[i])
		before, after = append(before, b), append(after, a)
	}
	b, a := recipeWords(n, p.Recipes)
	if len(before) == 0 && len(b) == 0 && len(p.Recipes) > 0 {
		b, a = []string{"Any code."}, []string{"Unchanged."}
	}
	before, after = append(before, b...), append(after, a...)
	return Code{Before: strings.Join(before, " "), After: strings.Join(after, " ")}
}

func syncWords(n PhaseName, s *Sync) (before, after string) {
	old, nu := names(s.Old), names(s.New)
	if s.Move != nil {
		return moveWords(n, s)
	}
	if s.Swap {
		return swapWords(n, s.Table.Name, old)
	}
	switch n {
	case Expand:
		return fmt.Sprintf("Any code that names %s.%s.", s.Table.Name, old),
			fmt.Sprintf("Code that reads and writes %s, code that reads and writes %s, or both side by side.%s", old, nu, appWords(s))
	case Switch:
		return fmt.Sprintf("Code that uses %s may be rolling out; code that uses %s still runs.", nu, old),
			fmt.Sprintf("All reads come from %s; writes to %s still arrive there.", nu, old)
	}
	return fmt.Sprintf("No running code names %s.%s any more.", s.Table.Name, old), fmt.Sprintf("Only %s exists.", nu)
}

func appWords(s *Sync) string {
	if s.DualWrite == "app" {
		return " The application itself writes both sides in every statement (dual_write: app)."
	}
	return ""
}

func swapWords(n PhaseName, table, col string) (before, after string) {
	switch n {
	case Expand:
		return fmt.Sprintf("Any code that names %s.%s.", table, col), "Unchanged: the new column is filled beside the old one."
	case Switch:
		return fmt.Sprintf("Code copes with %s.%s in its old and in its new form.", table, col),
			fmt.Sprintf("%s.%s has its new form under the same name; the old form is kept in step beside it.", table, col)
	}
	return "No going back to the old form is wanted.", "The old form is gone."
}
