package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

// On the way back the old table has columns that the new one has not. A row goes on with what it
// has there, also when its key changes.

// kept are those columns.
func (p *pair) kept() []schema.Column {
	if !p.reverse {
		return nil
	}
	var out []schema.Column
	for _, c := range p.to.Columns {
		if c.Generated == "" && !slices.ContainsFunc(p.columns, func(x plans.Copied) bool { return x.To == c.Name }) {
			out = append(out, c)
		}
	}
	return out
}

// Keeps implements shadow.Table. On the way there, columns that only the target has take their
// default.
func (p *pair) Keeps() bool { return len(p.kept()) > 0 }

// The temporary tables of rows that go on with columns of the target's own: their key and the one
// that they had, and what those columns hold.
const (
	stageHeirs = "pg_temp.pm_heirs"
	stageKept  = "pg_temp.pm_kept"
)

func isColumn(n int) string   { return fmt.Sprintf("is%d", n) }
func wasColumn(n int) string  { return fmt.Sprintf("was%d", n) }
func keptColumn(n int) string { return fmt.Sprintf("kept%d", n) }

// keepTables are their definitions: keys in the source's types, columns in the target's.
func (p *pair) keepTables() []string {
	var heirs, kept []string
	for n, k := range p.key {
		heirs = append(heirs, "s."+Quote(k.Name)+" AS "+isColumn(n), "s."+Quote(k.Name)+" AS "+wasColumn(n))
		kept = append(kept, "s."+Quote(k.Name)+" AS "+isColumn(n))
	}
	for n, c := range p.kept() {
		kept = append(kept, "t."+Quote(c.Name)+" AS "+keptColumn(n))
	}
	return []string{
		fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DELETE ROWS AS SELECT %s FROM %s AS s WITH NO DATA", stageHeirs, strings.Join(heirs, ", "), relation(p.from.Ident)),
		fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DELETE ROWS AS SELECT %s FROM %s AS s, %s AS t WITH NO DATA", stageKept, strings.Join(kept, ", "), relation(p.from.Ident), relation(p.to.Ident)),
	}
}

// putAside notes what changed rows have in columns of the target's own, under the keys that the
// rows will have.
func (p *pair) putAside(ctx context.Context, s *script, images []shadow.Image) {
	keys := p.keyPositions()
	s.insert(ctx, "INSERT INTO "+stageHeirs+" VALUES ", images, func(b *bytes.Buffer, i shadow.Image) bool {
		if i.Row == nil || i.Heir == nil {
			return false
		}
		for n, c := range keys {
			b.WriteString([]string{"(", ", "}[min(n, 1)])
			b.Write(i.Row[c].Text)
			b.WriteString(", ")
			b.Write(i.Heir[c].Text)
		}
		b.WriteString(")")
		return true
	})
	var cols []string
	for n := range p.keyTo {
		cols = append(cols, "h."+isColumn(n))
	}
	for _, c := range p.kept() {
		cols = append(cols, "t."+Quote(c.Name))
	}
	s.add(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s AS h JOIN %s AS t ON %s", stageKept, strings.Join(cols, ", "), stageHeirs, relation(p.to.Ident), strings.Join(p.wasIn("t."), " AND ")))
}

// wasIn is the target's row that a changed row was, isIn the staged row that it is now.
func (p *pair) wasIn(prefix string) []string {
	var out []string
	for n, k := range p.keyTo {
		out = append(out, fmt.Sprintf("%s%s = h.%s", prefix, Quote(k.Name), wasColumn(n)))
	}
	return out
}

func (p *pair) isIn(prefix string) []string {
	var out []string
	for n, k := range p.key {
		i := slices.IndexFunc(p.columns, func(c plans.Copied) bool { return c.From == k.Name })
		out = append(out, fmt.Sprintf("r.%s = %s%s", rowColumn(i), prefix, isColumn(n)))
	}
	return out
}

// insertStatements write the staged rows: those that go on with something together with it, since
// a column of the target's own may be NOT NULL, or be numbered by the server alone.
func (p *pair) insertStatements() []string {
	all := p.insertHead() + "SELECT " + p.stagedColumns("r.") + " FROM " + stageRows + " AS r"
	if !p.Keeps() {
		return []string{all}
	}
	var own, values []string
	for n, c := range p.kept() {
		own, values = append(own, Quote(c.Name)), append(values, "k."+keptColumn(n))
	}
	on := p.isIn("k.")
	return []string{
		fmt.Sprintf("INSERT INTO %s (%s, %s) OVERRIDING SYSTEM VALUE SELECT %s, %s FROM %s AS r JOIN %s AS k ON %s", relation(p.to.Ident), p.targetColumns(), strings.Join(own, ", "),
			p.stagedColumns("r."), strings.Join(values, ", "), stageRows, stageKept, strings.Join(on, " AND ")),
		fmt.Sprintf("%s WHERE NOT EXISTS (SELECT 1 FROM %s AS k WHERE %s)", all, stageKept, strings.Join(on, " AND ")),
	}
}

// stageSaved holds what rows that are copied anew have in columns of the target's own.
const stageSaved = "pg_temp.pm_saved"

func (p *pair) savedTable() string {
	return fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s FROM %s AS t WITH NO DATA", stageSaved, p.savedColumns(), relation(p.to.Ident))
}

func (p *pair) savedColumns() string {
	var out []string
	for n, k := range p.keyTo {
		out = append(out, "t."+Quote(k.Name)+" AS "+isColumn(n))
	}
	for n, c := range p.kept() {
		out = append(out, "t."+Quote(c.Name)+" AS "+keptColumn(n))
	}
	return strings.Join(out, ", ")
}

// repairStatements copy one row anew, each of them for all rows before the next.
func (p *pair) repairStatements() []string {
	remove := fmt.Sprintf("DELETE FROM %s AS t WHERE %s", relation(p.to.Ident), keyIs(p.keyTo, "t.", "$1"))
	from := fmt.Sprintf("FROM %s AS t", relation(p.from.Ident))
	here := keyIs(p.key, "t.", "$1")
	all := p.insertHead() + "SELECT " + p.sourceColumns("t.") + " " + from + " WHERE " + here
	if !p.Keeps() {
		return []string{remove, all}
	}
	var on, own, values []string
	for n, k := range p.key {
		on = append(on, fmt.Sprintf("t.%s = k.%s", Quote(k.Name), isColumn(n)))
	}
	for n, c := range p.kept() {
		own, values = append(own, Quote(c.Name)), append(values, "k."+keptColumn(n))
	}
	same := strings.Join(on, " AND ")
	return []string{
		fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s AS t WHERE %s", stageSaved, p.savedColumns(), relation(p.to.Ident), keyIs(p.keyTo, "t.", "$1")),
		remove,
		fmt.Sprintf("INSERT INTO %s (%s, %s) OVERRIDING SYSTEM VALUE SELECT %s, %s %s JOIN %s AS k ON %s WHERE %s", relation(p.to.Ident), p.targetColumns(), strings.Join(own, ", "),
			p.sourceColumns("t."), strings.Join(values, ", "), from, stageSaved, same, here),
		fmt.Sprintf("%s AND NOT EXISTS (SELECT 1 FROM %s AS k WHERE %s)", all, stageSaved, same),
	}
}
