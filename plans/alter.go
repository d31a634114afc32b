package plans

import (
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/schema"
)

// Way is how one ALTER TABLE is done.
type Way string

// The ways of an ALTER TABLE.
const (
	Native Way = "native" // by the server itself, which doesn't block for long
	Shadow Way = "shadow" // on a copy of the table that is kept in step and then takes its place
)

// Alter is one ALTER TABLE of a plan.
type Alter struct {
	Table schema.Ident `json:"table"`
	SQL   string       `json:"sql"` // what stands behind the table's name, as it was written
	Way   Way          `json:"way"`
	// Prefix is put in front of SQL on the native way, so that the server refuses
	// rather than does it in another way.
	Prefix string `json:"prefix,omitempty"`
	// N tells the copies of a plan apart; the first is 0.
	N int `json:"n,omitempty"`

	// The rest is of the shadow way.

	// Partition cuts the new table into partitions, and Rewrite says that nothing else changes; SQL only
	// says so to people then.
	Partition *PartitionTable `json:"partition,omitempty"`
	Rewrite   bool            `json:"rewrite,omitempty"`

	New   string    `json:"new,omitempty"` // the shadow's name until it takes the table's place
	Old   string    `json:"old,omitempty"` // the table's name from then on
	Key   []KeyPart `json:"key,omitempty"` // of the table, walked by the copy
	KeyTo []KeyPart `json:"key_to,omitempty"`
	// KeyBack is walked on the way back where the change lets two rows have the same Key: a unique key
	// of the new shape that holds it. KeyBackTo are its columns in the old one.
	KeyBack   []KeyPart `json:"key_back,omitempty"`
	KeyBackTo []KeyPart `json:"key_back_to,omitempty"`
	Columns   []Copied  `json:"columns,omitempty"`
	// Unique lists unique keys of the new shape besides the one that is walked, and
	// UniqueOld those of the old one: they decide what may be applied side by side.
	Unique    []string `json:"unique,omitempty"`
	UniqueOld []string `json:"unique_old,omitempty"`
	// Helper is an index that the copy needs to find rows by. The table has it besides until the old
	// one is dropped.
	Helper string `json:"helper,omitempty"`
	// Late lists indexes of the new shape that are built when all rows are copied, in this order: rows that
	// arrive in an index's order cost a fraction of those that arrive at random.
	Late []LateIndex `json:"late,omitempty"`
	// Result is what the table looks like when it has the new shape. Whole: the change shows in none of its columns and
	// indexes, and the rest of the definition is looked at, too.
	Result []string          `json:"result,omitempty"`
	Whole  bool              `json:"whole,omitempty"`
	Extra  map[string]string `json:"extra,omitempty"`
	Notes  []string          `json:"-"` // for the plan's notes
}

// copies: there is no way but a copy.
func (a *Alter) copies() bool { return a.Partition != nil || a.Rewrite }

// Walk is the key that a direction is walked by, in its source and in its target, and the columns
// that it copies. In reverse the table in its new shape is the source.
func (a *Alter) Walk(reverse bool) (key, to []KeyPart, columns []Copied) {
	if !reverse {
		return a.Key, a.KeyTo, a.Columns
	}
	columns = Turned(a.Columns)
	if len(a.KeyBack) > 0 {
		return a.KeyBack, a.KeyBackTo, columns
	}
	return a.KeyTo, a.Key, columns
}

// Turned are the columns as the other direction copies them.
func Turned(list []Copied) []Copied {
	out := make([]Copied, len(list))
	for i, c := range list {
		out[i] = Copied{From: c.To, To: c.From}
	}
	return out
}

// LateIndex is an index that a copy of rows goes without.
type LateIndex struct {
	Name       string `json:"name"`
	Definition string `json:"definition"` // what stands behind ADD
}

// Copied is a column that both shapes have.
type Copied struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// AlterFacts is what the server was seen to make of an ALTER TABLE, on an empty
// copy of the table. A way that the copy rules out is ruled out; one that it allows
// may still be refused by the table itself.
type AlterFacts struct {
	Table schema.Ident `json:"table"`
	SQL   string       `json:"sql"`
	Error string       `json:"error,omitempty"` // what the server said against it
	// Refused is why it wasn't even tried: a clause that isn't for the change to decide.
	Refused string `json:"refused,omitempty"`
	// Unread is why the clauses can't be read. They were tried all the same, because the change says so.
	Unread string        `json:"unread,omitempty"`
	Result *schema.Table `json:"result,omitempty"`
	// NotInstant and NotOnline say why it isn't done by metadata alone, and why not
	// without blocking writes. Rebuilds and Builds tell what an online way costs.
	NotInstant string `json:"not_instant,omitempty"`
	NotOnline  string `json:"not_online,omitempty"`
	Rebuilds   bool   `json:"rebuilds,omitempty"` // rewrites the table
	Builds     bool   `json:"builds,omitempty"`   // reads the whole table for an index
	// Late are indexes of the new shape that the server was seen to add to a table that is written to. It keeps its
	// replicas waiting for as long as one is built.
	Late []LateIndex `json:"late,omitempty"`
	// NotShadow says why it can't be done on a copy of the table. ByteOrder are text columns of the
	// table that are ordered by their bytes; Loose are those for which bytes can't decide, and why.
	NotShadow string            `json:"not_shadow,omitempty"`
	ByteOrder []string          `json:"byte_order,omitempty"`
	Loose     map[string]string `json:"loose,omitempty"`
}

// Alter finds what was seen of an ALTER TABLE.
func (f *Facts) Alter(id schema.Ident, sql string) (AlterFacts, bool) {
	for _, a := range f.Alters {
		if a.Table.Name == id.Name && a.SQL == sql {
			return a, true
		}
	}
	return AlterFacts{}, false
}

// smallBytes is the size up to which a table may be blocked while the server
// rewrites it: about a tenth of a second of work.
const smallBytes = 10 << 20

// alters decides the way of each ALTER TABLE of the change.
func (b *builder) alters(p *Plan) error {
	for _, o := range b.change.Operations {
		t, err := b.table(o)
		if err != nil {
			return err
		}
		sql, err := b.asAlter(t, o)
		if err != nil {
			return err
		}
		if sql == "" {
			continue
		}
		a := Alter{Table: t.Ident, SQL: sql}
		a.New, a.Old = b.name("_"+t.Name+"_pm_new"), b.name("_"+t.Name+"_pm_old")
		seen, ok := b.facts.Alter(t.Ident, a.SQL)
		if !ok {
			return &RefusedError{What: "alter table " + t.Ident.String(), Reason: "this server's changes of a table are planned by operations", Hint: "rename_column, split_column, change_type or set_not_null in a change file"}
		}
		if seen.Refused != "" {
			return &RefusedError{What: "alter table " + t.Ident.String(), Reason: seen.Refused}
		}
		if to := b.creates(a.SQL); seen.Error != "" && to != "" {
			return &RefusedError{What: "alter table " + t.Ident.String(), Reason: "it points at " + to + ", which this change creates, and the server can't be asked about it before that", Hint: "make a second change of it"}
		}
		if seen.Error != "" {
			return &InputError{What: "alter table " + t.Ident.String(), Reason: seen.Error, Hint: "the server was asked to do it to an empty copy of the table"}
		}
		if err := unread(t, &seen, &a); err != nil {
			return err
		}
		a.Partition, a.Rewrite = o.PartitionTable, o.RewriteTable != nil
		if a.Way, a.Prefix, err = b.way(t, &a, seen); err != nil {
			return err
		}
		if b.change.Replicas.None() {
			a.Late = seen.Late
		}
		if err := b.rules.Alter(b.facts, t, &seen, &a); err != nil {
			return err
		}
		p.Alters = append(p.Alters, a)
	}
	if err := b.otherStrategy(p); err != nil {
		return err
	}
	return b.together(p)
}

// creates is the table of the change's own that a clause points at; "" where it points at none.
func (b *builder) creates(sql string) string {
	for _, o := range b.change.Operations {
		if c := o.CreateTable; c != nil && References(sql, c.Table) {
			return c.Table
		}
	}
	return ""
}

// unread: of clauses that can't be read only the empty copy tells what they do.
func unread(t *schema.Table, seen *AlterFacts, a *Alter) error {
	if seen.Unread == "" {
		return nil
	}
	for _, c := range t.Columns {
		if _, ok := seen.Result.Column(c.Name); !ok {
			return &RefusedError{What: "alter table " + t.Ident.String(), Reason: fmt.Sprintf("clauses that can't be read (%s) took column %s away from the empty copy", seen.Unread, c.Name), Hint: "drop or rename columns by clauses that can be read"}
		}
	}
	a.Notes = append(a.Notes, fmt.Sprintf("%s: phasemig can't read the clauses (%s). The server did them to an empty copy of the table; nothing else is known of them.", t.Ident, seen.Unread))
	return nil
}

// otherStrategy refuses a way that the operations can't go.
func (b *builder) otherStrategy(p *Plan) error {
	switch asked := b.change.Strategy; {
	case asked == "sync" && len(p.Alters) > 0:
		return &RefusedError{What: "strategy sync", Reason: "an ALTER TABLE is done by the server itself or on a shadow", Hint: "--strategy auto, or rename_column, split_column, set_not_null in a change file"}
	case asked == "shadow" && len(p.Alters) == 0 && len(p.Recipes) > 0:
		return &RefusedError{What: "strategy shadow", Reason: p.Recipes[0].Operation + doneByServer, Hint: "--strategy auto"}
	case (asked == "native" || asked == "shadow" && len(p.Alters) == 0) && len(p.Syncs) > 0:
		return &RefusedError{What: "strategy " + asked, Reason: p.Syncs[0].Operation + " is done by a column sync, so that old and new code run side by side", Hint: "--strategy auto"}
	}
	return nil
}

// asAlter is the ALTER TABLE clause that an operation is done by; "" for a column
// sync.
func (b *builder) asAlter(t *schema.Table, o Operation) (string, error) {
	if o.AlterTable != nil {
		return o.AlterTable.SQL, nil
	}
	return b.rules.AsAlter(b.facts, t, o)
}

// way is the cheapest safe one, unless one was asked for.
func (b *builder) way(t *schema.Table, a *Alter, seen AlterFacts) (Way, string, error) {
	asked := b.change.Strategy
	if asked == "native" && a.copies() {
		return "", "", &RefusedError{What: "strategy native", Reason: "the server has no way of its own to do that to " + t.Ident.String() + " while it is used", Hint: "--strategy auto"}
	}
	if asked == "shadow" || a.copies() {
		return Shadow, "", nil
	}
	for _, w := range b.rules.NativeWays(b.facts, t, &seen) {
		if w.Grows == "" || asked == "native" && !w.Blocks {
			return Native, w.Prefix, nil
		}
	}
	if t.Bytes < smallBytes && b.change.Strategy != "native" {
		return Native, "", nil
	}
	if asked == "native" {
		return "", "", &RefusedError{What: "strategy native", Reason: "the server would block writes to " + t.Ident.String() + " for as long as it rewrites the table: " + seen.NotOnline, Hint: "--strategy auto"}
	}
	return Shadow, "", nil
}

// NativeWay is one way in which the server does an ALTER TABLE by itself.
type NativeWay struct {
	Prefix string
	// Grows says what takes longer the larger the table is; "": nothing.
	Grows string
	// Blocks: writes wait for it.
	Blocks bool
}

func (b *builder) alterPhases(p *Plan) error {
	for i := range p.Alters {
		a := &p.Alters[i]
		t, _ := b.facts.Table(a.Table)
		for n, kinds := range alterSteps(a) {
			for _, k := range kinds {
				st := Step{Kind: k, Alter: i, Table: a.Table, Reversible: k != RunAlter && k != DropOld}
				needed, err := b.rules.RenderAlter(b.facts, t, a, p.ID, &st)
				if err != nil {
					return err
				}
				if st.Lock.Level == "" {
					st.Lock.Level = "none"
				}
				if needed {
					p.Phases[n].Steps = append(p.Phases[n].Steps, st)
				}
			}
		}
	}
	return nil
}

func alterSteps(a *Alter) [3][]StepKind {
	if a.Way == Native {
		return [3][]StepKind{{RunAlter}, nil, nil}
	}
	return [3][]StepKind{{CreateShadow, CopyRows, CompareShadow}, {CutOver}, {DropOld}}
}

// alterWords says what the application must be doing around a phase.
func alterWords(n PhaseName, a *Alter) (before, after string) {
	if a.Way == Native {
		if n == Expand {
			return fmt.Sprintf("Code that works with %s before and after the change.", a.Table.Name), fmt.Sprintf("Any code that works with the new shape of %s.", a.Table.Name)
		}
		return "Unchanged.", "Unchanged."
	}
	switch n {
	case Expand:
		return fmt.Sprintf("Any code that uses %s.", a.Table.Name), "Unchanged: the copy is filled and kept in step beside the table."
	case Switch:
		return fmt.Sprintf("Code copes with %s in its old and in its new shape.", a.Table.Name),
			fmt.Sprintf("%s has its new shape; the old table can be brought up to date and take its place again.", a.Table.Name)
	}
	return "No going back to the old shape is wanted.", "The old table is gone."
}

// onlyNative: there are no two sides to compare, and nothing to contract.
func (p *Plan) onlyNative() bool {
	return len(p.Syncs) == 0 && !slices.ContainsFunc(p.Alters, func(a Alter) bool { return a.Way == Shadow })
}
