package mysql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

// What belongs to the table in use and must not be on the one that only follows it: triggers
// would fire twice, and foreign keys make the application's deletes from a parent fail
// while the child lags behind. Both are put on the target in the last moment, under the
// locks, and taken off the table that was in use.

// passenger is a trigger as the server keeps it, in bytes of its own character set.
type passenger struct {
	schema.Trigger
	mode, charset, collation, database string
	body                               []byte // what stands behind FOR EACH ROW
}

// passengers reads the triggers of a table in the order in which they fire.
func passengers(ctx context.Context, db *sql.DB, t *schema.Table) ([]passenger, error) {
	if len(t.Triggers) == 0 {
		return nil, nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	defer discard(conn)
	var current string
	if err := conn.QueryRowContext(ctx, "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = ?", t.Schema).Scan(&current); err != nil {
		return nil, classify(err)
	}
	if _, err := conn.ExecContext(ctx, "SET SESSION character_set_results = NULL"); err != nil {
		return nil, classify(err)
	}
	list := slices.Clone(t.Triggers)
	slices.SortStableFunc(list, func(a, b schema.Trigger) int { return a.Order - b.Order })
	var out []passenger
	for _, g := range list {
		p, err := readPassenger(ctx, conn, t.Schema, g)
		if err != nil {
			return nil, fmt.Errorf("read trigger %s: %w", g.Name, err)
		}
		if p.database != current {
			return nil, &plans.RefusedError{What: "carry trigger " + g.Name + " over", Reason: fmt.Sprintf("it was made while the database's collation was %s, which is %s by now, and can't be made the same again", p.database, current), Hint: "drop the trigger and create it anew, then call again"}
		}
		out = append(out, p)
	}
	return out, nil
}

func readPassenger(ctx context.Context, conn *sql.Conn, database string, g schema.Trigger) (passenger, error) {
	list, err := records(ctx, conn, "SHOW CREATE TRIGGER "+quoteTable(schema.Ident{Schema: database, Name: g.Name}))
	if err != nil {
		return passenger{}, err
	}
	if len(list) != 1 {
		return passenger{}, fmt.Errorf("the server shows %d of it", len(list))
	}
	r := list[0]
	statement := r["sql original statement"]
	at := bodyAt(statement)
	if at < 0 {
		return passenger{}, fmt.Errorf("this statement has no FOR EACH ROW: %s", shorten(statement))
	}
	return passenger{g, r["sql_mode"], r["character_set_client"], r["collation_connection"], r["database collation"], []byte(statement[at:])}, nil
}

// bodyAt finds what stands behind FOR EACH ROW, and behind the place in the order where
// one is given: triggers are made in their order.
func bodyAt(statement string) int {
	want := []string{"FOR", "EACH", "ROW"}
	met, at := 0, 0
	for at < len(statement) {
		n, skip := next(statement[at:])
		word := statement[at : at+n]
		at += n
		switch {
		case skip:
		case met < len(want) && strings.EqualFold(word, want[met]):
			met++
		case met < len(want):
			met = 0
		case strings.EqualFold(word, "FOLLOWS") || strings.EqualFold(word, "PRECEDES"):
			return behindName(statement, at)
		default:
			return at - n
		}
	}
	return -1
}

func behindName(statement string, at int) int {
	for at < len(statement) {
		n, skip := next(statement[at:])
		at += n
		if !skip {
			return at
		}
	}
	return -1
}

// settings are the session's while the trigger is made, for ever after its own.
func (g passenger) settings() string {
	return fmt.Sprintf("SET SESSION sql_mode = %s, character_set_client = %s, collation_connection = %s", quoteText(g.mode), g.charset, g.collation)
}

// statement makes the trigger on another table under another name. head is written in
// the trigger's character set by the server.
func (g passenger) head(on schema.Ident, name string) string {
	at := strings.LastIndex(g.Definer, "@")
	return fmt.Sprintf("CREATE DEFINER=%s@%s TRIGGER %s %s %s ON %s FOR EACH ROW ", quote(g.Definer[:max(at, 0)]), quote(g.Definer[at+1:]),
		quoteTable(schema.Ident{Schema: on.Schema, Name: name}), g.Timing, g.Event, quoteTable(on))
}

// carriable finds out early what would stand in the way of the triggers in the cut-over.
func (w *worker) carriable(ctx context.Context, k alterKitchen) error {
	t, err := w.s.Table(ctx, k.a.Table)
	if err != nil {
		return err
	}
	if _, err := passengers(ctx, w.s.db, t); err != nil {
		return err
	}
	for _, name := range k.carried(triggerNames, false) {
		list, err := records(ctx, w.conn, "SELECT event_object_table AS other FROM information_schema.triggers WHERE trigger_schema = ? AND trigger_name = ?", t.Schema, name)
		if err != nil {
			return fmt.Errorf("look for triggers named %s: %w", name, err)
		}
		if len(list) > 0 {
			return &plans.RefusedError{What: "carry the triggers of " + t.Ident.String() + " over", Reason: fmt.Sprintf("table %s has a trigger %s, which is the name that one of them would get", list[0]["other"], name), Hint: "give that trigger another name"}
		}
	}
	return nil
}

// rehearse makes the triggers on the empty shadow and drops them: what the server has against one
// of them, or this account lacks for it, shows now and not in the cut-over.
func (w *worker) rehearse(ctx context.Context, k alterKitchen) error {
	t, err := w.s.Table(ctx, k.a.Table)
	if err != nil || len(t.Triggers) == 0 {
		return err
	}
	p := &pair{s: w.s, a: k.a, planID: k.planID, from: t, to: &schema.Table{Ident: k.aside(k.a.New)}, columns: k.a.Columns, copy: w.s.db}
	b, err := p.boards(ctx)
	if err != nil {
		return err
	}
	b.keys = ""
	l := &locked{session: session{p: p, conn: w.conn}, kitchen: k, boards: b}
	if err := l.board(ctx); err != nil {
		return err
	}
	side := *w
	side.table = k.aside(k.a.New)
	return side.strip(ctx)
}

// boards are the statements that bring a table's triggers and foreign keys onto the
// target; made before the lock, so that nothing is read under it.
type boards struct {
	triggers []board
	keys     string
	parents  []string // to be locked because only the new table points at them
}

type board struct {
	name, settings string
	sql            string // bytes in the trigger's character set
}

func (p *pair) boards(ctx context.Context) (boards, error) {
	var out boards
	k := alterKitchen{a: p.a, planID: p.planID}
	out.keys = p.addKeys(k)
	if !p.reverse {
		out.parents = p.strangers(k)
	}
	list, err := passengers(ctx, p.copy, p.from)
	if err != nil {
		return out, err
	}
	names := k.carried(triggerNames, p.reverse)
	for _, g := range list {
		name, ok := names[g.Name]
		if !ok {
			return out, &plans.DriftError{What: "somebody created a trigger on " + p.from.Ident.String(), Diff: []string{"+ trigger " + g.Name}}
		}
		head, err := p.inCharset(ctx, g.head(p.to.Ident, name), g.charset)
		if err != nil {
			return out, fmt.Errorf("write trigger %s in %s: %w", g.Name, g.charset, err)
		}
		out.triggers = append(out.triggers, board{name: name, settings: g.settings(), sql: head + string(g.body)})
	}
	return out, nil
}

func (p *pair) inCharset(ctx context.Context, text, charset string) (string, error) {
	var hexed string
	q := fmt.Sprintf("SELECT HEX(CONVERT(_utf8mb4 x'%x' USING %s))", text, charset)
	if err := p.copy.QueryRowContext(ctx, q).Scan(&hexed); err != nil {
		return "", classify(err)
	}
	b, err := hex.DecodeString(hexed)
	return string(b), err
}

// addKeys is the statement that gives the target the foreign keys, or "". With
// foreign_key_checks off it is a change of metadata alone.
func (p *pair) addKeys(k alterKitchen) string {
	names := k.carried(keyNamesOf, p.reverse)
	list := outgoing(p.from)
	again := numberedAgain(list, p.from.Name)
	slices.SortStableFunc(list, func(a, b schema.Constraint) int {
		n, _ := generatedName(a.Name, p.from.Name)
		m, _ := generatedName(b.Name, p.from.Name)
		return atoi(n) - atoi(m)
	})
	var out []string
	for _, c := range list {
		name, ok := names[c.Name]
		if !ok {
			continue // the change itself adds it; the old table never had it
		}
		var cols []string
		for _, col := range c.Columns {
			to, _ := renamedTo(p.columns, col)
			cols = append(cols, to)
		}
		text := strings.Replace(c.Definition, "("+quoteAll(c.Columns)+")", "("+quoteAll(cols)+")", 1)
		if _, made := generatedName(c.Name, p.from.Name); made && again {
			out = append(out, "ADD "+text)
			continue
		}
		out = append(out, fmt.Sprintf("ADD CONSTRAINT %s %s", quote(k.nameOn(p.to.Name, name)), text))
	}
	if !p.reverse {
		for _, text := range k.added() {
			out = append(out, "ADD "+text)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return k.mine("ALTER TABLE " + quoteTable(p.to.Ident) + " " + strings.Join(out, ", "))
}

// strangers are the tables that the change lets the table point at, and that it doesn't
// point at yet: those the server locks by itself.
func (p *pair) strangers(k alterKitchen) []string {
	var out []string
	for _, text := range k.added() {
		c, ok := parseKey(text)
		known := func(o schema.Constraint) bool { return o.Ref == c.Ref }
		lock := quoteTable(c.Ref) + " READ"
		if ok && c.Ref != p.from.Ident && !slices.ContainsFunc(outgoing(p.from), known) && !slices.Contains(out, lock) {
			out = append(out, lock)
		}
	}
	return out
}

// board puts them on, under the locks.
func (l *locked) board(ctx context.Context) error {
	l.aboard = true
	if l.boards.keys != "" {
		if err := l.exec(ctx, l.boards.keys); err != nil {
			return fmt.Errorf("give the new table its foreign keys: %w", err)
		}
	}
	for _, b := range l.boards.triggers {
		if err := l.exec(ctx, b.settings); err != nil {
			return err
		}
		if err := l.exec(ctx, b.sql); err != nil {
			return fmt.Errorf("make trigger %s on the new table: %w", b.name, err)
		}
	}
	if len(l.boards.triggers) > 0 {
		if err := l.exec(ctx, "SET NAMES utf8mb4"); err != nil {
			return err
		}
		if err := l.exec(ctx, strictly); err != nil {
			return err
		}
	}
	if len(l.boards.triggers) == 0 && l.boards.keys == "" {
		return nil
	}
	return fault.Point("shadow.carried")
}

// unboard takes them off again when the swap didn't come about.
func (l *locked) unboard(ctx context.Context) error {
	if !l.aboard {
		return nil
	}
	w := worker{s: l.p.s, conn: l.conn, table: l.p.to.Ident, fence: l.p.fence}
	if !l.locked {
		return w.silence(ctx, l.p.to.Ident)
	}
	return w.strip(ctx)
}

// dropKeysOf takes the foreign keys off the table that was in use, while nobody can have
// written to the new one.
func (l *locked) dropKeysOf(ctx context.Context, aside string) error {
	var out []string
	for _, c := range outgoing(l.p.from) {
		name := c.Name
		if n, ok := generatedName(c.Name, l.p.from.Name); ok {
			name = generated(aside, n)
		}
		out = append(out, "DROP FOREIGN KEY "+quote(name))
	}
	if len(out) == 0 {
		return nil
	}
	return l.exec(ctx, l.kitchen.mine("ALTER TABLE "+l.kitchen.table(aside)+" "+strings.Join(out, ", ")))
}

// silence takes triggers and foreign keys off a table that stands aside, under a lock
// and the lease: a name that a runner who slept remembers may by now be that of the table in use.
func (w *worker) silence(ctx context.Context, aside schema.Ident) error {
	t, err := (&catalog{ctx: ctx, q: w.conn, id: aside}).read()
	if err != nil {
		return err
	}
	if len(t.Triggers) == 0 && len(outgoing(t)) == 0 {
		return nil
	}
	if err := w.lockTables(ctx, aside); err != nil {
		return fmt.Errorf("lock %s: %w", aside, err)
	}
	if err := w.holdsLease(ctx); err != nil {
		return err
	}
	side := *w
	side.table = aside
	if err := side.strip(ctx); err != nil {
		return err
	}
	return w.exec(context.WithoutCancel(ctx), "UNLOCK TABLES")
}

// strip does it to the worker's table, which is locked.
func (w *worker) strip(ctx context.Context) error {
	t, err := w.shape(ctx, true)
	if err != nil {
		return err
	}
	for _, g := range t.Triggers {
		if err := w.exec(ctx, trigger{name: g.Name}.drop(t.Ident)); err != nil {
			return fmt.Errorf("drop trigger %s of %s: %w", g.Name, t.Ident, err)
		}
	}
	for _, c := range outgoing(t) {
		if err := w.exec(ctx, "ALTER TABLE "+quoteTable(t.Ident)+" DROP FOREIGN KEY "+quote(c.Name)); err != nil {
			return fmt.Errorf("drop foreign key %s of %s: %w", c.Name, t.Ident, err)
		}
	}
	return nil
}

// quiet makes sure before anything is applied that the target has neither: a runner that
// died in a cut-over may have left them. What is on no other table isn't ours to drop.
func (p *pair) quiet(ctx context.Context) error {
	keys := outgoing(p.to)
	if len(p.to.Triggers) == 0 && len(keys) == 0 {
		return nil
	}
	k := alterKitchen{a: p.a, planID: p.planID}
	names := k.carried(triggerNames, !p.reverse)
	for _, g := range p.to.Triggers {
		other, ok := names[g.Name]
		if !ok || !slices.ContainsFunc(p.from.Triggers, func(t schema.Trigger) bool { return t.Name == other }) {
			return &plans.DriftError{What: "trigger " + g.Name + " stands on " + p.to.Ident.String() + " and has no twin on " + p.from.Ident.String(), Diff: []string{"+ trigger " + g.Name}}
		}
	}
	conn, err := p.copy.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	w := worker{s: p.s, conn: conn, table: p.a.Table, fence: p.fence}
	defer w.close()
	if err := w.exec(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d", int(plans.LockBudget.Seconds()))); err != nil {
		return err
	}
	if err := w.silence(ctx, p.to.Ident); err != nil {
		return err
	}
	p.to, err = p.s.Table(ctx, p.to.Ident)
	return err
}

// orphans finds rows whose foreign key points nowhere: the new table would hold them as if
// it did. Rows of the table itself are asked, since what it holds is what the new one will. It
// is asked before the copy and again before the swap, and never while others wait: every row is read.
func (p *pair) orphans(ctx context.Context) error {
	if p.reverse {
		return nil
	}
	keys := outgoing(p.from)
	keys = append(keys, p.addedKeys()...)
	for _, c := range keys {
		if err := p.orphansOf(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// addedKeys are the foreign keys that the change adds, over the table's own columns.
func (p *pair) addedKeys() []schema.Constraint {
	var out []schema.Constraint
	k := alterKitchen{a: p.a}
	for _, text := range k.added() {
		c, ok := parseKey(text)
		if !ok {
			continue
		}
		known := true
		for i, name := range c.Columns {
			from, ok := renamedTo(plans.Turned(p.columns), name)
			c.Columns[i], known = from, known && ok
		}
		if known { // a column that the change adds holds its default; the server looks at that
			out = append(out, c)
		}
	}
	return out
}

func (p *pair) orphansOf(ctx context.Context, c schema.Constraint) error {
	var on, present []string
	for i, col := range c.Columns {
		on = append(on, fmt.Sprintf("p.%s = c.%s", quote(c.RefColumns[i]), quote(col)))
		present = append(present, fmt.Sprintf("c.%s IS NOT NULL", quote(col)))
	}
	q := fmt.Sprintf("SELECT %s FROM %s AS c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS p WHERE %s) LIMIT 5",
		keyTexts(p.key), quoteTable(p.from.Ident), strings.Join(present, " AND "), quoteTable(c.Ref), strings.Join(on, " AND "))
	list, err := keyList(ctx, p.copy, p.key, q)
	if err != nil {
		return fmt.Errorf("look for rows of %s without their %s: %w", p.from.Ident, c.Ref, err)
	}
	if len(list) == 0 {
		return nil
	}
	e := &shadow.OrphanError{Table: p.from.Ident.String(), Key: c.Name, Parent: c.Ref.String()}
	for _, k := range list {
		e.Keys = append(e.Keys, p.Readable(k))
	}
	return e
}
