package postgres

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// columnsSQL writes the statements on a sync's rows. They run with settings that
// keep the server on the key's index, see walkSettings.
type columnsSQL struct {
	s     *plans.Sync
	m     mapping
	table string
	run   string // the plan's ID
	sync  int
}

func newColumnsSQL(m mapping, run string, sync int) columnsSQL {
	c := columnsSQL{m.s, m, relation(m.s.Table), run, sync}
	if m.s.Move != nil { // rows are walked along the parent's key
		c.table = relation(m.s.Parent())
	}
	return c
}

// ups are the new columns' values for a row "t", as they are to be stored.
func (c columnsSQL) ups() []string {
	var out []string
	for i, n := range c.s.New {
		out = append(out, c.m.assigned(c.m.up(i, "t."), "t."+Quote(c.m.old(0)), n.Class))
	}
	return out
}

func (c columnsSQL) downs() []string {
	var out []string
	for i, o := range c.s.Old {
		out = append(out, c.m.assigned(c.m.down(i, "t."), "t."+Quote(c.m.new(0)), o.Class))
	}
	return out
}

// needs: nobody has written the new side, and the old one has something for it.
func (c columnsSQL) needs() string {
	if c.s.Move != nil {
		return "NOT " + c.agree(false)
	}
	var out, any []string
	for _, n := range c.m.news() {
		out = append(out, isNull("t."+Quote(n)))
	}
	for i := range c.s.New {
		any = append(any, isSet(c.m.up(i, "t.")))
	}
	return strings.Join(out, " AND ") + " AND (" + strings.Join(any, " OR ") + ")"
}

func sets(columns, values []string) string {
	var out []string
	for i := range columns {
		out = append(out, Quote(columns[i])+" = "+values[i])
	}
	return strings.Join(out, ", ")
}

// fill locks the rows that nobody else has locked and updates exactly those. The
// row ids come as an array because the server then fetches each row by its id;
// a join it might do by reading the whole table.
func (c columnsSQL) fill(low, high string) string {
	if c.s.Move != nil {
		return coupleOf(c.m).fill(keyRange(c.s.Key, "t.", low, high), "SKIP LOCKED", "SKIP LOCKED")
	}
	return c.updateUnlocked(sets(c.m.news(), c.ups()), c.needs(), low, high)
}

func (c columnsSQL) updateUnlocked(set, where, low, high string) string {
	return fmt.Sprintf("UPDATE "+ours+"%s AS t SET %s WHERE t.ctid = ANY (ARRAY(SELECT t.ctid FROM %s AS t WHERE %s AND %s FOR NO KEY UPDATE SKIP LOCKED))",
		c.table, set, c.table, keyRange(c.s.Key, "t.", low, high), where)
}

func (c columnsSQL) fillOne(key string) string {
	if c.s.Move != nil {
		return coupleOf(c.m).fill(keyIs(c.s.Key, "t.", key), "", "NOWAIT")
	}
	return fmt.Sprintf("UPDATE "+ours+"%s AS t SET %s WHERE %s AND %s", c.table, sets(c.m.news(), c.ups()), keyIs(c.s.Key, "t.", key), c.needs())
}

// keys is the key of some rows of a range in order; the key's text is made of
// those that are returned alone.
func (c columnsSQL) keys(low, high, where, limits string) string {
	return c.ordered(keyRange(c.s.Key, "t.", low, high)+" AND "+where, c.s.Extra["order"]+" "+limits)
}

// last is the key of the last row, found by the index read backwards.
func (c columnsSQL) last() string {
	return c.ordered("true", backwards(c.s.Key, c.s.Extra["order"])+" LIMIT 1")
}

func (c columnsSQL) ordered(where, order string) string {
	return fmt.Sprintf("SELECT "+ours+"%s FROM (SELECT %s FROM %s AS t WHERE %s ORDER BY %s) AS k", keyTextSQL(c.s.Key, "k."), strings.Join(keyColumns(c.s.Key, "t."), ", "),
		c.table, where, order)
}

// backwards turns the order of an index around, that of its NULLs too: else the server would sort.
func backwards(key []plans.KeyPart, order string) string {
	turned := map[string]string{"": " DESC", " DESC": "", " NULLS FIRST": " DESC NULLS LAST", " DESC NULLS LAST": " NULLS FIRST"}
	var out []string
	for i, k := range key {
		order = strings.TrimPrefix(strings.TrimPrefix(order, ", "), Quote(k.Name))
		end := len(order)
		if i+1 < len(key) {
			end = strings.Index(order, ", "+Quote(key[i+1].Name))
		}
		out, order = append(out, Quote(k.Name)+turned[order[:end]]), order[end:]
	}
	return strings.Join(out, ", ")
}

func (c columnsSQL) count(low, high string) string {
	return fmt.Sprintf("SELECT "+ours+"count(*) FROM %s AS t WHERE %s", c.table, keyRange(c.s.Key, "t.", low, high))
}

// upAgrees: the new side is what the old one gives.
func (c columnsSQL) upAgrees() string {
	var out []string
	for i, n := range c.s.New {
		out = append(out, image(cast(c.m.up(i, "t."), n, c.s.Old[0]), "t."+Quote(c.m.new(i))))
	}
	return strings.Join(out, " AND ")
}

func (c columnsSQL) downAgrees() string {
	var out []string
	for i, o := range c.s.Old {
		out = append(out, image(cast(c.m.down(i, "t."), o, c.s.New[0]), "t."+Quote(c.m.old(i))))
	}
	return strings.Join(out, " AND ")
}

// cast gives both sides of a comparison of bytes one type.
func cast(expr string, sd, other plans.Side) string {
	if sd.Plain != "" && sd.Type == other.Type {
		return expr
	}
	return "(" + expr + ")::" + sd.Type
}

// agree is decided from the cheap to the dear, and the mapping back is asked only
// where nothing else has answered: it may meet a value that it can't map.
func (c columnsSQL) agree(back bool) string {
	if c.s.Move != nil {
		return coupleOf(c.m).agree()
	}
	out := "CASE WHEN " + c.upAgrees() + " THEN true"
	if c.m.records() {
		out += " WHEN " + c.recorded() + " THEN true"
	}
	if back && !strict(c.s) && !c.s.Bijective {
		return out + " ELSE " + c.downAgrees() + " END"
	}
	return out + " ELSE false END"
}

// recorded: the row is written down as one that can't go back, and its old side
// is empty as such a row's is.
func (c columnsSQL) recorded() string {
	return fmt.Sprintf("%s AND EXISTS (SELECT 1 FROM %s AS u WHERE %s AND u.key_digest = encode(sha256(convert_to(%s, 'UTF8')), 'hex'))",
		c.oldEmpty(), unreturnableTable, c.ofRun(), keyTextSQL(c.s.Key, "t."))
}

func (c columnsSQL) ofRun() string {
	return fmt.Sprintf("u.run = %s AND u.sync = %d", literal(c.run), c.sync)
}

var unreturnableTable = relation(schema.Ident{Schema: stateSchema, Name: "unreturnable"})

func (c columnsSQL) oldEmpty() string {
	var out []string
	for _, o := range c.m.olds() {
		out = append(out, isNull("t."+Quote(o)))
	}
	return strings.Join(out, " AND ")
}

// compare counts the rows of a range and those that disagree, and shows the keys
// of some.
func (c columnsSQL) compare(low, high string, keys int, back bool) string {
	return fmt.Sprintf("SELECT "+ours+"count(*), count(*) FILTER (WHERE NOT x.agree), coalesce(to_json((array_agg(%s) FILTER (WHERE NOT x.agree))[1:%d]), '[]') FROM (SELECT %s, %s AS agree FROM %s AS t WHERE %s) AS x",
		keyTextSQL(c.s.Key, "x."), keys, strings.Join(keyColumns(c.s.Key, "t."), ", "), c.agree(back), c.table, keyRange(c.s.Key, "t.", low, high))
}

// stillLost tells of a record "u" that its row exists and can't go back.
func (c columnsSQL) stillLost() string {
	return fmt.Sprintf("EXISTS (SELECT 1 FROM %s AS t WHERE %s AND %s AND NOT (%s))", c.table, keyIs(c.s.Key, "t.", "u.row_key"), c.oldEmpty(), c.upAgrees())
}
