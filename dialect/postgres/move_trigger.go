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
// The row of the origin, the table of the old columns, is the lock of the pair. Who writes it has it; who inserts into the target, by an upsert too, takes
// it before a row of the target is touched; the backfill skips what is locked. So these never wait for each other in a ring. A plain UPDATE or
// DELETE of the target is the one that the server lets begin with the target's row, its new values computed: no trigger can put another lock before it. The plan says how a statement locks the
// origin's row itself. One that doesn't, at the very moment at which the same row is written from the other side, makes a ring that the server finds: it ends one of both, and
// neither side is ever written without the other.
//
// A change of the parent's key reaches the child by the foreign key's cascade, whose trigger sorts before ours; what that fires comes after it. So no trigger
// trusts the row that it was fired for: it reads what is there.
//
// Old columns get another name in the end. The functions know them only through a view, and conditions stand in the triggers: both are kept by the columns' numbers.
// So a rename locks the origin alone and for itself, and no function is of one moment only.

// couple writes the SQL on the two tables of a move, for the names that the columns have.
type couple struct {
	s             *plans.Sync
	parent, child string   // relations
	of, in        []string // the moved columns, of the parent and in the child
	pk, ck        []string // the key of the parent, and what holds it in the child
}

func coupleOf(m mapping) couple {
	p := couple{s: m.s, parent: relation(m.s.Parent()), child: relation(m.s.Child()), of: m.olds(), in: m.news(), pk: keyPartNames(m.s.Key), ck: m.s.Move.Child}
	if m.s.Move.Up {
		p.of, p.in = p.in, p.of
	}
	return p
}

// origin and target are the tables of the old columns and of the new ones.
func (p couple) origin() string { return relation(p.s.Table) }
func (p couple) target() string { return relation(p.s.Move.To) }

// view is what the functions call the origin.
func (p couple) view() string {
	return relation(schema.Ident{Schema: stateSchema, Name: p.s.Trigger + "_v"})
}

// createView names the origin's columns for good.
func (p couple) createView() string {
	key, cols := p.pk, p.of
	if p.s.Move.Up {
		key, cols = p.ck, p.in
	}
	return fmt.Sprintf("CREATE OR REPLACE VIEW %s AS SELECT %s, %s FROM %s AS t", p.view(), p.keyed("t.", key), p.aliased("t.", cols), p.origin())
}

// seen is the couple as the functions know it.
func (p couple) seen() couple {
	key, cols := numbered("k", len(p.pk)), numbered("v", len(p.of))
	if p.s.Move.Up {
		p.child, p.ck, p.in = p.view(), key, cols
	} else {
		p.parent, p.pk, p.of = p.view(), key, cols
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

// movedKeys names the setting that tells, to the end of a statement, that keys of the parent have changed in it. Several statements may have one time: what
// updates the child by itself, and not by the cascade, begins anew.
const movedKeys = "phasemig.keys"

// parentBody makes the child's row what the parent's is by now: another trigger may have written to it since. Where the child is the origin its row is
// locked before one of the parent is inserted, or met by an upsert.
func (p couple) parentBody() string {
	named, p := keyPartNames(p.s.Key), p.seen()
	now, here := under("p.", p.of), equal(under("p.", p.pk), under("NEW.", named))
	return fmt.Sprintf(`
BEGIN
  IF TG_WHEN = 'BEFORE' THEN
    PERFORM %[1]s1 FROM %[2]s AS c WHERE %[3]s FOR NO KEY UPDATE;
    RETURN NEW;
  END IF;
  IF TG_NARGS > 0 THEN
    PERFORM pg_catalog.set_config('%[4]s', pg_catalog.statement_timestamp()::text, true);
    RETURN NULL;
  END IF;
  INSERT %[1]sINTO %[2]s AS c (%[5]s) SELECT %[6]s FROM %[7]s AS p WHERE %[8]s AND %[9]s ON CONFLICT (%[10]s) DO UPDATE SET %[11]s WHERE %[12]s;
  IF NOT FOUND THEN
    UPDATE %[1]s%[2]s AS c SET %[13]s FROM %[7]s AS p WHERE %[8]s AND %[14]s AND %[15]s;
  END IF;
  RETURN NULL;
END
`, ours, p.child, equal(under("c.", p.ck), under("NEW.", named)), movedKeys, p.row(), list(slices.Concat(under("p.", p.pk), now)), p.parent, here, unlike(now, p.nothings()),
		quoteAll(p.ck), sets(p.in, under("excluded.", p.in)), unlike(under("c.", p.in), under("excluded.", p.in)),
		sets(p.in, now), equal(under("c.", p.ck), under("p.", p.pk)), unlike(under("c.", p.in), now))
}

// row lists what of a child's row is written.
func (p couple) row() string { return quoteAll(slices.Concat(p.ck, p.in)) }

// childBody makes the parent's row what the child's is by now. Where a row has another key, the row of the parent that it has left has nothing, unless
// the parent's keys changed in the same statement: then another row may have come to that key, and keeps what it has.
func (p couple) childBody() string {
	key, had, before := under("NEW.", p.ck), under("OLD.", p.ck), p.beforeChild()
	p = p.seen()
	at := func(of []string) string { return equal(under("p.", p.pk), of) }
	moved := unlike(key, had)
	return fmt.Sprintf(`
DECLARE
  r record;
BEGIN
  IF TG_OP = 'UPDATE' AND TG_LEVEL = 'STATEMENT' THEN
    IF pg_catalog.pg_trigger_depth() = 1 THEN
      PERFORM pg_catalog.set_config('%[7]s', '', true);
    END IF;
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    UPDATE %[1]s%[2]s AS p SET %[3]s WHERE %[4]s;
    RETURN NULL;
  END IF;
  IF TG_WHEN = 'BEFORE' THEN
%[5]s    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND %[6]s AND pg_catalog.current_setting('%[7]s', true) IS NOT DISTINCT FROM pg_catalog.statement_timestamp()::text THEN
    INSERT %[1]sINTO %[8]s AS c (%[9]s) SELECT %[10]s FROM %[2]s AS p WHERE %[11]s AND %[4]s ON CONFLICT DO NOTHING;
  ELSIF (TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND %[6]s) AND NOT %[12]s THEN
    UPDATE %[1]s%[2]s AS p SET %[3]s WHERE %[11]s AND %[4]s;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    UPDATE %[1]s%[2]s AS p SET %[13]s FROM %[8]s AS c WHERE %[14]s AND %[15]s AND %[16]s;
  END IF;
  RETURN NULL;
END
`, ours, p.parent, sets(p.of, p.nothings()), unlike(under("p.", p.of), p.nothings()), before, moved, movedKeys, p.child, p.row(), list(slices.Concat(under("p.", p.pk), under("p.", p.of))),
		at(had), p.exists(had), sets(p.of, under("c.", p.in)), at(key), equal(under("c.", p.ck), under("p.", p.pk)), unlike(under("p.", p.of), under("c.", p.in)))
}

// exists: the child has a row of a key.
func (p couple) exists(of []string) string {
	return fmt.Sprintf("EXISTS (SELECT %s1 FROM %s AS c WHERE %s)", ours, p.child, equal(under("c.", p.ck), of))
}

// beforeChild has the origin's row locked before one of the child is inserted, or met by an upsert. Where the child is the origin and has none, the parent's
// keeps others from making it meanwhile. A row that gives the target nothing, and meets none, takes over what the parent has: code that doesn't know
// the columns may make it.
func (p couple) beforeChild() string {
	key, values, seen := under("NEW.", p.ck), under("NEW.", p.in), p.seen()
	at, lock := equal(under("p.", seen.pk), key), "FOR NO KEY UPDATE"
	if p.s.Move.Up {
		return fmt.Sprintf("    PERFORM %[1]s1 FROM %[2]s AS c WHERE %[3]s %[4]s;\n    IF NOT FOUND THEN\n      PERFORM %[1]s1 FROM %[5]s AS p WHERE %[6]s %[4]s;\n    END IF;\n",
			ours, seen.child, equal(under("c.", seen.ck), key), lock, seen.parent, at)
	}
	var take strings.Builder
	for i := range values {
		fmt.Fprintf(&take, "      %s := r.v%d;\n", values[i], i)
	}
	return fmt.Sprintf("    SELECT %s%s INTO r FROM %s AS p WHERE %s %s;\n    IF FOUND AND %s AND NOT %s THEN\n%s    END IF;\n",
		ours, seen.aliased("p.", seen.of), seen.parent, at, lock, alike(values, p.nothings()), seen.exists(key), take.String())
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

// movedTrigger is one of those of a move.
type movedTrigger struct {
	name, table, event, when, function string
}

// triggers are those of both tables, the target's first. A change is told by the server, by a condition that follows columns to other names.
func (p couple) triggers() []movedTrigger {
	var out []movedTrigger
	parent, child := p.functions()
	key := func(k []string) string { return unlike(under("NEW.", k), under("OLD.", k)) }
	add := func(suffix, table, event, when, function string) {
		out = append(out, movedTrigger{p.s.Trigger + suffix, table, event, when, function})
	}
	if p.s.Move.Up {
		add("_pb", p.parent, "BEFORE INSERT", "", parent+"()")
	}
	add("_pi", p.parent, "AFTER INSERT", "", parent+"()")
	add("_pk", p.parent, "AFTER UPDATE", key(p.pk), parent+"('key')")
	add("_pu", p.parent, "AFTER UPDATE", key(p.of), parent+"()")
	add("_cb", p.child, "BEFORE INSERT", "", child+"()")
	add("_ci", p.child, "AFTER INSERT", "", child+"()")
	add("_cu", p.child, "AFTER UPDATE", key(slices.Concat(p.ck, p.in)), child+"()")
	add("_cd", p.child, "AFTER DELETE", "", child+"()")
	add("_cs", p.child, "BEFORE UPDATE", ofStatement, child+"()")
	add("_ct", p.child, "AFTER TRUNCATE", ofStatement, child+"()")
	slices.SortStableFunc(out, func(a, b movedTrigger) int { return p.turn(a.table) - p.turn(b.table) })
	return out
}

// ofStatement stands for the condition of a trigger that isn't one of rows.
const ofStatement = "statement"

// turn sorts the tables: the target first.
func (p couple) turn(table string) int {
	if table == p.target() {
		return 0
	}
	return 1
}

// create makes the trigger; those of rows leave the plan's own writes alone.
func (g movedTrigger) create(plan string) string {
	each := "FOR EACH STATEMENT"
	if g.when != ofStatement {
		each = fmt.Sprintf("FOR EACH ROW WHEN (pg_catalog.current_setting('%s', true) IS DISTINCT FROM %s", markSetting, literal(plan))
		if g.when != "" {
			each += " AND " + g.when
		}
		each += ")"
	}
	return fmt.Sprintf("CREATE TRIGGER %s %s ON %s %s EXECUTE FUNCTION %s", Quote(g.name), g.event, g.table, each, g.function)
}

func lockTable(id schema.Ident, mode string) string {
	return "LOCK TABLE " + relation(id) + " IN " + mode + " MODE"
}
