package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Two tables are kept in step by triggers on both. Each writes what differs and nothing else, so what one writes fires the other once more and
// ends there: nobody has to know who began.
//
// The row of the parent is the lock of the pair. Who writes it has it; who inserts into the child, by an upsert too, takes it before
// the child's row is touched; the backfill skips what is locked. So these never wait for each other in a ring. A plain UPDATE or DELETE of
// the child is the one that the server lets begin with the child's row. If old code, or an upsert, writes the same row at that very moment, the server finds the ring
// and ends one of both: neither side is ever written without the other.
//
// A change of the parent's key reaches the child by the foreign key's cascade, whose trigger sorts before ours; what that fires comes after it. So no trigger
// trusts the row that it was fired for: it reads what is there.

// couple writes the SQL on the two tables of a move, for the names that the columns have.
type couple struct {
	s             *plans.Sync
	parent, child string   // relations
	of, in        []string // the moved columns, of the parent and in the child
}

func coupleOf(m mapping) couple {
	p := couple{s: m.s, parent: relation(m.s.Parent()), child: relation(m.s.Child()), of: m.olds(), in: m.news()}
	if m.s.Move.Up {
		p.of, p.in = p.in, p.of
	}
	return p
}

// nothing is what a column has where nobody names it: what no row stands for.
func (p couple) nothing(i int) string {
	n := p.s.New[i]
	if n.Default == nil {
		return "NULL::" + n.Type
	}
	return "(" + *n.Default + ")::" + n.Type
}

func (p couple) nothings() []string {
	var out []string
	for i := range p.s.New {
		out = append(out, p.nothing(i))
	}
	return out
}

// differ: two lists of values aren't the same bytes.
func unlike(a, b []string) string {
	var out []string
	for i := range a {
		out = append(out, imageDiffers(a[i], b[i]))
	}
	return "(" + strings.Join(out, " OR ") + ")"
}

func alike(a, b []string) string {
	var out []string
	for i := range a {
		out = append(out, image(a[i], b[i]))
	}
	return strings.Join(out, " AND ")
}

// under are columns with a prefix.
func under(prefix string, columns []string) []string {
	var out []string
	for _, c := range columns {
		out = append(out, prefix+Quote(c))
	}
	return out
}

func list(items []string) string { return strings.Join(items, ", ") }

func (p couple) key() []string { return keyPartNames(p.s.Key) }

// equal compares the columns of two prefixes one by one.
func equal(a, b []string) string {
	var out []string
	for i := range a {
		out = append(out, a[i]+" = "+b[i])
	}
	return strings.Join(out, " AND ")
}

// functions are those of the parent's and of the child's triggers.
func (p couple) functions() (parent, child string) {
	name := func(suffix string) string {
		return relation(schema.Ident{Schema: stateSchema, Name: p.s.Trigger + suffix})
	}
	return name("_p"), name("_c")
}

// movedKeys names the setting that tells, to the end of a statement, that keys of the parent have changed in it.
const movedKeys = "phasemig.keys"

// parentBody makes the child's row what the parent's is by now: another trigger may have written to it since.
func (p couple) parentBody() string {
	now, here := under("p.", p.of), equal(under("p.", p.key()), under("NEW.", p.key()))
	return fmt.Sprintf(`
BEGIN
  IF TG_OP = 'UPDATE' AND %[1]s THEN
    PERFORM pg_catalog.set_config('%[2]s', pg_catalog.statement_timestamp()::text, true);
  END IF;
  IF TG_OP = 'INSERT' OR %[3]s THEN
    INSERT %[4]sINTO %[5]s AS c (%[6]s) SELECT %[7]s FROM %[8]s AS p WHERE %[9]s AND %[10]s ON CONFLICT (%[11]s) DO UPDATE SET %[12]s WHERE %[13]s;
    IF NOT FOUND THEN
      UPDATE %[4]s%[5]s AS c SET %[14]s FROM %[8]s AS p WHERE %[9]s AND %[15]s AND %[16]s;
    END IF;
  END IF;
  RETURN NULL;
END
`, unlike(under("NEW.", p.key()), under("OLD.", p.key())), movedKeys, unlike(under("NEW.", p.of), under("OLD.", p.of)),
		ours, p.child, p.row(), list(slices.Concat(under("p.", p.key()), now)), p.parent, here, unlike(now, p.nothings()), quoteAll(p.s.Move.Child),
		sets(p.in, under("excluded.", p.in)), unlike(under("c.", p.in), under("excluded.", p.in)),
		sets(p.in, now), equal(under("c.", p.s.Move.Child), under("p.", p.key())), unlike(under("c.", p.in), now))
}

// row lists what of a child's row is written.
func (p couple) row() string { return quoteAll(slices.Concat(p.s.Move.Child, p.in)) }

// childBody makes the parent's row what the child's is by now. An INSERT that gives nothing, and meets no row, takes over what the parent has: code
// that doesn't know the columns may make the row. Where a row has another key, the row of the parent that it has left has nothing, unless the parent's keys changed in the
// same statement: then another row may have come to that key, and keeps what it has.
func (p couple) childBody() string {
	key, had, values := under("NEW.", p.s.Move.Child), under("OLD.", p.s.Move.Child), under("NEW.", p.in)
	at := func(of []string) string { return equal(under("p.", p.key()), of) }
	exists := func(of []string) string {
		return fmt.Sprintf("EXISTS (SELECT %s1 FROM %s AS c WHERE %s)", ours, p.child, equal(under("c.", p.s.Move.Child), of))
	}
	var take strings.Builder
	for i := range p.in {
		fmt.Fprintf(&take, "      %s := r.v%d;\n", values[i], i)
	}
	return fmt.Sprintf(`
DECLARE
  r record;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    UPDATE %[1]s%[2]s AS p SET %[3]s WHERE %[4]s;
    RETURN NULL;
  END IF;
  IF TG_WHEN = 'BEFORE' THEN
    SELECT %[1]s%[5]s INTO r FROM %[2]s AS p WHERE %[6]s FOR NO KEY UPDATE;
    IF FOUND AND %[7]s AND NOT %[8]s THEN
%[9]s    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND %[10]s AND pg_catalog.current_setting('%[11]s', true) IS NOT DISTINCT FROM pg_catalog.statement_timestamp()::text THEN
    INSERT %[1]sINTO %[12]s AS c (%[13]s) SELECT %[14]s FROM %[2]s AS p WHERE %[15]s AND %[4]s ON CONFLICT DO NOTHING;
  ELSIF (TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND %[10]s) AND NOT %[16]s THEN
    UPDATE %[1]s%[2]s AS p SET %[3]s WHERE %[15]s AND %[4]s;
  END IF;
  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND (%[10]s OR %[17]s) THEN
    UPDATE %[1]s%[2]s AS p SET %[18]s FROM %[12]s AS c WHERE %[6]s AND %[19]s AND %[20]s;
  END IF;
  RETURN NULL;
END
`, ours, p.parent, sets(p.of, p.nothings()), unlike(under("p.", p.of), p.nothings()), p.aliased("p.", p.of), at(key),
		alike(values, p.nothings()), exists(key), take.String(), unlike(key, had), movedKeys, p.child, p.row(), list(slices.Concat(under("p.", p.key()), under("p.", p.of))),
		at(had), exists(had), unlike(values, under("OLD.", p.in)), sets(p.of, under("c.", p.in)), equal(under("c.", p.s.Move.Child), under("p.", p.key())), unlike(under("p.", p.of), under("c.", p.in)))
}

// aliased are columns as v0, v1 ….
func (p couple) aliased(prefix string, columns []string) string {
	var out []string
	for i, c := range columns {
		out = append(out, fmt.Sprintf("%s%s AS v%d", prefix, Quote(c), i))
	}
	return list(out)
}

// createFunctions makes or replaces both. They have the rights of their owner: who writes to one table may have none on the other.
func (p couple) createFunctions() []string {
	parent, child := p.functions()
	create := func(name, text string) string {
		return fmt.Sprintf("CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, pg_temp AS %s", name, body(text))
	}
	return []string{create(parent, p.parentBody()), create(child, p.childBody())}
}

// trigger is one of those of a move.
type movedTrigger struct {
	name, table, fires, function string
}

func (p couple) triggers() []movedTrigger {
	parent, child := p.functions()
	row := fmt.Sprintf(" FOR EACH ROW WHEN (pg_catalog.current_setting('%s', true) IS DISTINCT FROM %%s)", markSetting)
	return []movedTrigger{
		{p.s.Trigger + "_p", p.parent, "AFTER INSERT OR UPDATE ON " + p.parent + row, parent},
		{p.s.Trigger + "_b", p.child, "BEFORE INSERT ON " + p.child + row, child},
		{p.s.Trigger + "_c", p.child, "AFTER INSERT OR UPDATE OR DELETE ON " + p.child + row, child},
		{p.s.Trigger + "_t", p.child, "AFTER TRUNCATE ON " + p.child + " FOR EACH STATEMENT", child},
	}
}

// locksOf are both tables': first that of the one which the code writes that is there at that moment, as its triggers then write the other. Without both a
// statement that is under way could run the function of one moment on the columns of another. Whoever has the second one and waits for the first
// has the step give up, and try again.
func locksOf(mode string, first, second schema.Ident) []string {
	return []string{lockTable(first, mode), lockTable(second, mode)}
}

func lockTable(id schema.Ident, mode string) string {
	return "LOCK TABLE " + relation(id) + " IN " + mode + " MODE"
}

// locks are for the drop, behind the switch: new code is there.
func (p couple) locks() []string { return locksOf("ACCESS EXCLUSIVE", p.s.Move.To, p.s.Table) }

// hideLocks leave the readers of the table alone whose columns stay.
func (p couple) hideLocks() []string {
	return []string{lockTable(p.s.Move.To, "SHARE ROW EXCLUSIVE"), lockTable(p.s.Table, "ACCESS EXCLUSIVE")}
}
