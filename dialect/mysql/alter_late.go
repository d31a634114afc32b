package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Indexes that don't keep rows apart are left until all rows are copied. Into an index that
// exists each row goes to a place of its own, which costs more than the rest of the row.

// late lists the indexes of the copy that can be left, in the order in which the server prints them, and tries
// that it takes them again. They are the last ones, so that the order stays what it would be.
func (p *prober) late(to *schema.Table) ([]plans.LateIndex, error) {
	list, err := records(p.ctx, p.conn, "SHOW CREATE TABLE "+quoteTable(p.copy))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var out []plans.LateIndex
	for _, x := range inPrintedOrder(list[0]["create table"], to.Indexes) {
		out = append(out, plans.LateIndex{Name: x.Name, Definition: x.Definition})
		if !plainColumns(to, x) {
			out = nil
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	k := alterKitchen{a: &plans.Alter{Table: p.copy, New: p.copy.Name, Late: out}}
	for _, q := range []string{k.dropLate(), k.buildLate(online)} {
		if _, err := p.conn.ExecContext(p.ctx, q); err != nil {
			if number(err) == 0 {
				return nil, classify(err)
			}
			return nil, nil // then they are there from the start
		}
	}
	return out, nil
}

// inPrintedOrder finds the indexes that keep no rows apart and are neither for texts nor for places.
func inPrintedOrder(text string, list []schema.Index) []schema.Index {
	at := func(x schema.Index) int { return strings.Index(text, "\n  KEY "+quote(x.Name)+" ") }
	list = slices.DeleteFunc(slices.Clone(list), func(x schema.Index) bool { return at(x) < 0 })
	slices.SortFunc(list, func(a, b schema.Index) int { return at(a) - at(b) })
	return list
}

// plainColumns: a column that counts by itself needs its index, and one that is computed may need a rewrite.
func plainColumns(t *schema.Table, x schema.Index) bool {
	for _, part := range x.Columns {
		c, ok := anyCase(t, part.Name)
		if !ok || part.Expression != "" || c.Generated != "" || c.Identity != "" {
			return false
		}
	}
	return true
}

// late leaves out what foreign keys rest on, and what rows of the shadow are found by.
func (x *alterResolver) late() error {
	keys := append(outgoing(x.t), outgoing(x.to)...)
	for i := len(x.a.Late) - 1; i >= 0; i-- {
		at := slices.IndexFunc(x.to.Indexes, func(o schema.Index) bool { return o.Name == x.a.Late[i].Name })
		needed := ledBy(x.to.Indexes[at], x.a.KeyTo) || slices.ContainsFunc(keys, func(c schema.Constraint) bool { return x.begins(x.to.Indexes[at], c) })
		if needed {
			x.a.Late = x.a.Late[i+1:]
			break
		}
	}
	return nil
}

// begins reports whether an index begins with a column of a foreign key.
func (x *alterResolver) begins(i schema.Index, c schema.Constraint) bool {
	return slices.ContainsFunc(c.Columns, func(name string) bool {
		to, ok := renamedTo(x.a.Columns, name)
		return strings.EqualFold(i.Columns[0].Name, name) || ok && strings.EqualFold(i.Columns[0].Name, to)
	})
}

func (k alterKitchen) dropLate() string {
	var out []string
	for _, x := range k.a.Late {
		out = append(out, "DROP INDEX "+quote(x.Name))
	}
	return k.mine("ALTER TABLE " + k.table(k.a.New) + " " + strings.Join(out, ", "))
}

func (k alterKitchen) buildLate(prefix string) string {
	var out []string
	for _, x := range k.a.Late {
		out = append(out, "ADD "+x.Definition)
	}
	return k.mine("ALTER TABLE " + k.table(k.a.New) + " " + prefix + strings.Join(out, ", "))
}

func (s *server) observeLate(ctx context.Context, a *plans.Alter) (dialect.Outcome, string, error) {
	t, err := s.Table(ctx, schema.Ident{Schema: a.Table.Schema, Name: a.New})
	if err != nil {
		return 0, "", err
	}
	for _, x := range a.Late {
		if _, ok := t.Index(x.Name); !ok {
			return dialect.NotStarted, "index " + x.Name + " is still to be built", nil
		}
	}
	return dialect.Done, "the indexes are there", nil
}

// sharedLock lets readers in, and those who write wait.
const sharedLock = "ALGORITHM=INPLACE, LOCK=SHARED, "

// buildLate builds them in one pass over the rows, while changes are applied. Where more of those come than the
// server keeps aside they wait instead: only this run writes to the shadow.
func (w *worker) buildLate(ctx context.Context, k alterKitchen, st plans.Step) error {
	err := w.exec(ctx, st.SQL[0])
	if is(err, 1799) {
		err = w.exec(ctx, k.buildLate(sharedLock))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", firstLine(st.SQL[0]), err)
	}
	return nil
}
