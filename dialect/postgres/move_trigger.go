package postgres

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Two tables are kept in step by triggers on both. Each writes what differs and nothing else, so what one writes fires the other once more and
// ends there: nobody has to know who began.
//
// The row of the parent is the lock of the pair. Who writes it has it; who inserts into the child, by an upsert too, takes it before
// the child's row is touched; the backfill skips what is locked. So these never wait for each other in a ring. A plain UPDATE or DELETE of
// the child is the one that the server lets begin with the child's row. If the parent's row is written at that very moment, the server finds the ring and
// ends one of both: neither side is ever written without the other.
//
// A change of the parent's key reaches the child by the foreign key's cascade, whose trigger sorts before ours.

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

// parentBody makes the child's row what the parent's is.
func (p couple) parentBody() string {
	values := under("NEW.", p.of)
	return fmt.Sprintf(`
BEGIN
  IF TG_OP = 'INSERT' OR %s THEN
    IF %s THEN
      INSERT %sINTO %s AS c (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s WHERE %s;
    ELSE
      UPDATE %s%s AS c SET %s WHERE %s AND %s;
    END IF;
  END IF;
  RETURN NULL;
END
`, unlike(values, under("OLD.", p.of)), unlike(values, p.nothings()),
		ours, p.child, quoteAll(append(append([]string{}, p.s.Move.Child...), p.in...)), list(append(under("NEW.", p.key()), values...)), quoteAll(p.s.Move.Child),
		sets(p.in, under("excluded.", p.in)), unlike(under("c.", p.in), under("excluded.", p.in)),
		ours, p.child, sets(p.in, values), equal(under("c.", p.s.Move.Child), under("NEW.", p.key())), unlike(under("c.", p.in), values))
}

// childBody makes the parent's row what the child's is. An INSERT that gives nothing, and meets no row, takes over what the parent has: code that
// doesn't know the columns may make the row.
func (p couple) childBody() string {
	key, had := under("NEW.", p.s.Move.Child), under("OLD.", p.s.Move.Child)
	values := under("NEW.", p.in)
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
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND %[10]s THEN
    IF NOT %[11]s THEN
      UPDATE %[1]s%[2]s AS p SET %[3]s WHERE %[12]s AND %[4]s;
    END IF;
  END IF;
  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND (%[10]s OR %[13]s) THEN
    UPDATE %[1]s%[2]s AS p SET %[14]s WHERE %[6]s AND %[15]s;
  END IF;
  RETURN NULL;
END
`, ours, p.parent, sets(p.of, p.nothings()), unlike(under("p.", p.of), p.nothings()), p.aliased("p.", p.of), at(key),
		alike(values, p.nothings()), exists(key), take.String(), unlike(key, had), exists(had), at(had), unlike(values, under("OLD.", p.in)), sets(p.of, values), unlike(under("p.", p.of), values))
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

// locks are taken in the order in which code takes them that is there when names change: it writes the new side, whose trigger then writes the old
// one. Without both a statement that is under way could run the function of one moment on the columns of another.
func (p couple) locks() []string {
	var out []string
	for _, rel := range []string{relation(p.s.Move.To), relation(p.s.Table)} {
		out = append(out, "LOCK TABLE "+rel+" IN ACCESS EXCLUSIVE MODE")
	}
	return out
}
