package plans

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// MoveColumns moves columns to another table, whose rows are linked one to one by a key. Of the two tables one, the parent, is pointed
// at by a foreign key of the other, the child; columns move either way, and the way back of a move is another one with the tables turned round.
type MoveColumns struct {
	Table   string   `yaml:"table" json:"table"`
	Columns []string `yaml:"columns" json:"columns"`
	To      string   `yaml:"to" json:"to"`
	// Key has the columns of To, each with the column of Table that holds the same.
	Key map[string]string `yaml:"key" json:"key"`
	// DeletedRows is "refuse" (default) or "clear": who deletes a row of a child that has other columns besides gives up the moved values, too,
	// whichever code it is.
	DeletedRows string `yaml:"deleted_rows,omitempty" json:"deleted_rows,omitempty"`
}

func (m *MoveColumns) validate() error {
	err := errors.Join(needed("table", m.Table), needed("to", m.To), oneOf("deleted_rows", m.DeletedRows, "refuse", "clear"))
	if len(m.Columns) == 0 {
		err = errors.Join(err, errors.New("columns: at least one is needed"))
	}
	if len(m.Key) == 0 {
		err = errors.Join(err, errors.New("key: the columns that link the tables are needed, as {column of to: column of table}"))
	}
	if m.Table == m.To {
		err = errors.Join(err, errors.New("move_columns: table and to are the same"))
	}
	for i, c := range m.Columns {
		if slices.Contains(m.Columns[:i], c) {
			err = errors.Join(err, fmt.Errorf("columns: %q stands there twice", c))
		}
	}
	for _, there := range slices.Sorted(maps.Keys(m.Key)) {
		err = errors.Join(err, needed("key: "+there, m.Key[there]))
		if slices.Contains(m.Columns, m.Key[there]) || slices.Contains(m.Columns, there) {
			err = errors.Join(err, fmt.Errorf("key: %s is one of the columns that move", there))
		}
	}
	return err
}

// Move is what a sync whose new columns are on another table has besides.
//
// A row of the child that isn't there means the same as one in which every moved column has what it has where nobody names it: its
// default, which is a constant, or NULL. So no row is made that holds nothing, code that has just made a row of the parent inserts that of the
// child without meeting one, and the old shape has a word for every state of the new.
type Move struct {
	To schema.Ident `json:"to"`
	// Up: the columns move from the child to the parent.
	Up bool `json:"up,omitempty"`
	// Made: To isn't there before, and is the child.
	Made bool `json:"made,omitempty"`
	// Child has the child's columns of the key, in the order of the sync's own, which is the parent's.
	Child []string `json:"child"`
	// PrimaryKey and ForeignKey are constraints of a table that is made.
	PrimaryKey string `json:"primary_key,omitempty"`
	ForeignKey string `json:"foreign_key,omitempty"`
	// Others: the child has columns besides.
	Others bool `json:"others,omitempty"`
}

// Rights are what is granted on a table as a whole.
type Rights struct {
	Table  schema.Ident   `json:"table"`
	Owner  string         `json:"owner,omitempty"`
	Grants []schema.Grant `json:"grants,omitempty"` // without a column
}

// Rights finds what is granted on a table.
func (f *Facts) RightsOn(id schema.Ident) Rights {
	for _, r := range f.Rights {
		if r.Table == id {
			return r
		}
	}
	return Rights{Table: id}
}

// Makes reports whether the move makes the table.
func (m *Move) Makes(id schema.Ident) bool { return m != nil && m.Made && m.To == id }

func (m *Move) owns(trigger string) []string {
	var out []string
	for _, suffix := range []string{"_pb", "_pi", "_pk", "_pu", "_cb", "_ci", "_cu", "_cd", "_cs", "_ct"} {
		if trigger != "" {
			out = append(out, trigger+suffix)
		}
	}
	return append(out, m.PrimaryKey, m.ForeignKey)
}

// Tables are those that the sync keeps in step: the one of the old columns first.
func (s *Sync) Tables() []schema.Ident {
	if s.Move == nil {
		return []schema.Ident{s.Table}
	}
	return []schema.Ident{s.Table, s.Move.To}
}

// Parent is the table of a move that the other one points at, and Child that other one.
func (s *Sync) Parent() schema.Ident {
	if s.Move.Up {
		return s.Move.To
	}
	return s.Table
}

// Child is the table of a move that points at the other one.
func (s *Sync) Child() schema.Ident {
	if s.Move.Up {
		return s.Table
	}
	return s.Move.To
}

func sharedTable(a, b *Sync) string {
	for _, id := range a.Tables() {
		if slices.Contains(b.Tables(), id) {
			return id.String()
		}
	}
	return ""
}

// move drafts the sync of a move and has the dialect complete it.
func (b *builder) move(p *Plan, t *schema.Table, o *MoveColumns) error {
	s := Sync{Operation: "move_columns", Table: t.Ident, DualWrite: b.change.DualWrite, OnUnreturnable: "record", UserTriggers: b.change.UserTriggers, Bijective: true}
	if s.DualWrite == "" {
		s.DualWrite = "trigger"
	}
	if s.DualWrite != "trigger" {
		return &RefusedError{What: "move_columns " + t.Ident.String(), Reason: "two tables are kept in step by triggers alone", Hint: "leave dual_write out"}
	}
	for _, c := range o.Columns {
		s.Old = append(s.Old, Side{Name: c, SQL: b.rules.Quote(c), Plain: c, Hidden: b.name("_pm_hidden_" + c)})
		s.New = append(s.New, Side{Name: c, SQL: b.rules.Quote(c), Plain: c})
	}
	to, ok := b.facts.Table(schema.ParseIdent(o.To))
	if !ok {
		return &InputError{What: "table " + o.To, Reason: "nothing is known of it"}
	}
	mover := mover{b, &s, t, to, o}
	for _, step := range []func() error{mover.names, mover.linked, mover.key, mover.unmoved, mover.others} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := b.rules.Resolve(b.facts, t, &s); err != nil {
		return err
	}
	var err error
	if s.Twins, err = b.rules.Twins(b.facts, t, &s); err != nil {
		return err
	}
	if err := disjoint(p.Syncs, s); err != nil {
		return err
	}
	p.Syncs = append(p.Syncs, s)
	return nil
}

// mover drafts one move.
type mover struct {
	b    *builder
	s    *Sync
	t    *schema.Table
	to   *schema.Table
	asks *MoveColumns
}

func (m mover) what() string {
	return fmt.Sprintf("move_columns %s.%s", m.t.Ident, names(m.s.Old))
}

func (m mover) refuse(reason, hint string) error {
	return &RefusedError{What: m.what(), Reason: reason, Hint: hint}
}

// names finds columns that are missing or taken, and tables that are none.
func (m mover) names() error {
	if m.to.Kind != "table" && m.to.Kind != schema.Absent {
		return m.refuse(fmt.Sprintf("%s is %s, not a plain table", m.to.Ident, article(m.to.Kind)), "")
	}
	for _, o := range m.s.Old {
		c, ok := m.t.Column(o.Name)
		if !ok {
			return &InputError{What: fmt.Sprintf("column %s.%s", m.t.Ident, o.Name), Reason: "there is no such column", Hint: "columns: " + strings.Join(columnNames(m.t), ", ")}
		}
		if c.Generated != "" || c.Identity != "" {
			return m.refuse(fmt.Sprintf("%s is generated or numbered by the server", o.Name), "leave it where it is")
		}
		if taken(m.t, o.Hidden) || taken(m.to, o.Name) {
			return &InputError{What: fmt.Sprintf("column %s.%s", m.to.Ident, o.Name), Reason: "a column of this name, or of the name that the old one is to be hidden under, exists already"}
		}
	}
	for there, here := range m.asks.Key {
		if _, ok := m.t.Column(here); !ok {
			return &InputError{What: fmt.Sprintf("column %s.%s", m.t.Ident, here), Reason: "there is no such column", Hint: "key: {column of to: column of table}"}
		}
		if _, ok := m.to.Column(there); !ok && m.to.Kind != schema.Absent {
			return &InputError{What: fmt.Sprintf("column %s.%s", m.to.Ident, there), Reason: "there is no such column", Hint: "key: {column of to: column of table}"}
		}
	}
	return nil
}

// linked finds the foreign key, which says which of the tables is the parent.
func (m mover) linked() error {
	m.s.Move = &Move{To: m.to.Ident, Made: m.to.Kind == schema.Absent}
	if m.s.Move.Made {
		return nil
	}
	turned := map[string]string{}
	for there, here := range m.asks.Key {
		turned[here] = there
	}
	k, ok := links(m.to, m.t.Ident, m.asks.Key)
	if !ok {
		k, m.s.Move.Up = links(m.t, m.to.Ident, turned)
		ok = m.s.Move.Up
	}
	switch {
	case !ok:
		return m.refuse(fmt.Sprintf("no foreign key links %s and %s by these columns", m.t.Ident, m.to.Ident), "add_foreign_key with on_delete: cascade and on_update: cascade first")
	case k.NotValid:
		return m.refuse(fmt.Sprintf("foreign key %s isn't validated", k.Name), "validate_constraint first")
	case k.OnDelete != "CASCADE" || k.OnUpdate != "CASCADE":
		return m.refuse(fmt.Sprintf("foreign key %s would keep code that doesn't know the rows of %s from deleting rows of %s or changing their keys", k.Name, m.s.Child(), m.s.Parent()), "make it ON DELETE CASCADE ON UPDATE CASCADE first")
	}
	return nil
}

// links finds the foreign key of a table by its columns, each with the one that it points at.
func links(t *schema.Table, ref schema.Ident, key map[string]string) (schema.Constraint, bool) {
	for _, k := range t.Constraints {
		if k.Kind != schema.ForeignKey || k.Incoming || k.Ref != ref || len(k.Columns) != len(key) || len(k.RefColumns) != len(key) {
			continue
		}
		same := true
		for i, c := range k.Columns {
			same = same && key[c] == k.RefColumns[i]
		}
		if same {
			return k, true
		}
	}
	return schema.Constraint{}, false
}

// key fixes the order in which batches walk the parent, by the index of its key.
func (m mover) key() error {
	parent, child := m.t, m.to
	ofParent := map[string]string{}
	for there, here := range m.asks.Key {
		ofParent[here] = there
	}
	if m.s.Move.Up {
		parent, child, ofParent = m.to, m.t, m.asks.Key
	}
	x, ok := keyOf(parent, slices.Collect(maps.Keys(ofParent)))
	if !ok {
		return m.refuse(fmt.Sprintf("the key isn't one of %s: no primary key, and no unique index of exactly these columns, all NOT NULL", parent.Ident), "add a primary key")
	}
	for _, c := range x.Columns {
		k, _ := parent.Column(c.Name)
		m.s.Key = append(m.s.Key, KeyPart{Name: k.Name, Type: k.Type, Class: k.Class, Charset: k.Charset, Collation: k.Collation, Descending: c.Descending})
		m.s.Move.Child = append(m.s.Move.Child, ofParent[c.Name])
	}
	if m.s.Move.Made {
		m.s.Move.PrimaryKey = m.b.name(m.to.Name + "_pkey")
		m.s.Move.ForeignKey = m.b.name(m.to.Name + "_" + strings.Join(m.s.Move.Child, "_") + "_fkey")
		return nil
	}
	if _, ok := keyOf(child, m.s.Move.Child); !ok {
		return m.refuse(fmt.Sprintf("%s may have several rows for one of %s: no unique index of exactly these columns, all NOT NULL", child.Ident, parent.Ident), "add_unique first")
	}
	return nil
}

// keyOf finds the index that makes columns a key, in whichever order.
func keyOf(t *schema.Table, columns []string) (schema.Index, bool) {
	for _, x := range t.Indexes {
		one := schema.Table{Columns: t.Columns, Indexes: []schema.Index{x}}
		if _, ok := one.Key(); !ok || len(x.Columns) != len(columns) {
			continue
		}
		if !slices.ContainsFunc(x.Columns, func(c schema.IndexColumn) bool { return !slices.Contains(columns, c.Name) }) {
			return x, true
		}
	}
	return schema.Index{}, false
}

// unmoved refuses what the columns carry and what reads them: it doesn't move.
func (m mover) unmoved() error {
	moves := func(list []string) bool {
		return slices.ContainsFunc(list, func(c string) bool { return slices.Contains(m.asks.Columns, c) })
	}
	for _, d := range m.t.Dependents {
		if moves(d.Columns) {
			return m.refuse(fmt.Sprintf("%s %s reads the column", d.Kind, d.Name), "drop it first, and make it anew on "+m.to.Ident.String()+" after the switch")
		}
	}
	for _, x := range m.t.Indexes {
		if moves(x.Uses) || slices.ContainsFunc(x.Columns, func(c schema.IndexColumn) bool { return moves([]string{c.Name}) }) {
			return m.refuse("index "+x.Name+" is on the column and can't move along", "drop_index first, and create_index on "+m.to.Ident.String()+" after expand")
		}
	}
	for _, k := range m.t.Constraints {
		if moves(k.Columns) {
			return m.refuse("constraint "+k.Name+" is on the column and can't move along", "drop_constraint first, and add it on "+m.to.Ident.String()+" after contract")
		}
	}
	for _, x := range m.t.Statistics {
		if moves(x.Uses) {
			return m.refuse("statistics "+x.Name+" are on the column and can't move along", "drop them first")
		}
	}
	for _, g := range m.t.Grants {
		if moves([]string{g.Column}) {
			return m.refuse(fmt.Sprintf("%s has rights on the column %s alone", g.Grantee, g.Column), "grant them on the tables as a whole")
		}
	}
	return nil
}

// others: the triggers make rows of the child that hold the key and what moves, and nothing else.
func (m mover) others() error {
	child := m.to
	if m.s.Move.Up {
		child = m.t
	}
	for _, c := range child.Columns {
		if slices.Contains(m.s.Move.Child, c.Name) || m.s.Move.Up && slices.Contains(m.asks.Columns, c.Name) {
			continue
		}
		if m.s.Move.Others = true; !c.Nullable && c.Default == nil && c.Generated == "" && c.Identity == "" {
			return m.refuse(fmt.Sprintf("a row of %s can't be made for a value that has none yet: column %s wants a value", child.Ident, c.Name), "set_default first")
		}
	}
	for _, k := range child.Constraints {
		if !k.Incoming && k.Kind != schema.ForeignKey {
			return m.refuse(fmt.Sprintf("constraint %s of %s might refuse a row that is made for a value that has none yet", k.Name, child.Ident), "drop_constraint first, and add it again after contract")
		}
	}
	for _, x := range child.Indexes {
		if x.Unique && !m.ofKey(x) {
			return m.refuse(fmt.Sprintf("unique index %s of %s might refuse a row that is made for a value that has none yet", x.Name, child.Ident), "drop it first, and build it again after contract")
		}
	}
	if m.s.Move.Others && m.asks.DeletedRows != "clear" {
		return m.refuse(fmt.Sprintf("%s has columns besides: code that deletes a row of it for their sake would give up what has moved, or is yet to move", child.Ident), "say `deleted_rows: clear` if a row that is deleted may take the values along")
	}
	return nil
}

func (m mover) ofKey(x schema.Index) bool {
	return !slices.ContainsFunc(x.Columns, func(c schema.IndexColumn) bool { return !slices.Contains(m.s.Move.Child, c.Name) }) && x.Predicate == ""
}

// moveWords say what code does around a phase.
func moveWords(n PhaseName, s *Sync) (before, after string) {
	old, nu := s.Table.Name+"."+names(s.Old), s.Move.To.Name+"."+names(s.New)
	switch n {
	case Expand:
		return fmt.Sprintf("Any code that names %s.", old), fmt.Sprintf("Code that reads and writes %s as before, code that reads and writes %s as the notes say, or both side by side.", old, nu)
	case Switch:
		return fmt.Sprintf("Code that uses %s may be rolling out; code that uses %s still runs.", nu, old), fmt.Sprintf("All reads come from %s; writes to %s still arrive there.", nu, old)
	}
	return fmt.Sprintf("No running code names %s any more; code that writes %s does it as the notes say.", old, nu), fmt.Sprintf("Only %s exists.", nu)
}

// OriginLock is the key of a sync's Extra that has the statement by which new code locks a row of the old columns' table.
const OriginLock = "origin_lock"

func (s *Sync) moveNotes() []string {
	at := fmt.Sprintf("%s (%s)", s.Table, names(s.Old))
	to := s.Move.To.String()
	out := []string{
		fmt.Sprintf("%s: %s has a row where one of the columns has another value than its default; no row means the default, or NULL. Code that reads it joins it as an outer table.", at, s.Child()),
		fmt.Sprintf("%s: until contract is done new code may INSERT into %s and upsert as it likes; before a plain UPDATE of %s there, or a DELETE, it locks the row of %s, in the same transaction: %s. Code that doesn't, and writes a row at the very moment at which the other code writes it, may be ended by the server as a deadlock, or have the other ended; nothing is lost, and the row is in step. Old code stays as it is. For a transaction that writes several rows, one of %s and its partner in %s are locked as one.",
			at, to, names(s.New), s.Table, s.Extra[OriginLock], s.Parent(), s.Child()),
	}
	if s.Move.Up {
		out = append(out, fmt.Sprintf("%s: whoever deletes a row of %s, or changes its key, locks the row of %s first in the same way, if other code may write that one at the same moment.", at, s.Parent(), s.Child()))
	}
	if s.Move.Others {
		out = append(out, fmt.Sprintf("%s: whoever deletes a row of %s gives up what the moved columns hold for it, from expand on (deleted_rows: clear).", at, s.Child()))
	}
	return out
}
