package migration

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Options say what isn't in the statements.
type Options struct {
	Name string
	// MayDrop is the word for all statements that take data away.
	MayDrop bool
	// Table finds the table that an index is on, as operations name it; "" where there is none.
	Table func(index string) (string, error)
	// RunUnread makes an ALTER TABLE that can't be read one that the server judges alone.
	RunUnread bool
	// Begin takes what the first plan holds and names the rest, instead of refusing what one plan can't hold.
	Begin bool
}

// Result is a change, with what is to be said about it.
type Result struct {
	Change plans.Change
	// Notes tell what was left to the tool that runs the migration, and what a comment made of a statement.
	Notes []string
	// Later are things that another plan has to hold, behind this one.
	Later []string
}

// Compose puts what statements ask for together into one change. Errors: *plans.InputError, *plans.RefusedError, by place.
func Compose(list []*Statement, t Translator, o Options) (Result, error) {
	c := composer{list: list, options: o}
	for _, step := range []func() error{func() error { return c.translate(t) }, c.renames, c.validations, c.owners, c.complete, c.destructive, c.unused} {
		if err := step(); err != nil {
			return Result{}, err
		}
	}
	return c.change()
}

type composer struct {
	list    []*Statement
	options Options
	items   []Item
	notes   []string
}

func (c *composer) translate(t Translator) error {
	for _, s := range c.list {
		if s.Open {
			return s.Wrong(0, "", "the file ends inside a string or a comment of this statement")
		}
		part, err := t(s)
		if unread := new(UnreadError); c.options.RunUnread && errors.As(err, &unread) {
			part, err = blind(s, unread)
		}
		if err != nil {
			return err
		}
		if part.Left != "" {
			c.notes = append(c.notes, Place(s.File, s.Start)+": "+part.Left)
		}
		for _, i := range part.Items {
			i.Statement = s
			c.items = append(c.items, i)
		}
	}
	if len(c.items) == 0 {
		return &plans.InputError{What: "sql", Reason: "no statement of it changes a table"}
	}
	return nil
}

// blind takes an ALTER TABLE over that can't be read.
func blind(s *Statement, unread *UnreadError) (Part, error) {
	a, err := plans.ParseAlter(s.Text)
	if err != nil || strings.EqualFold(a.Table, "ONLY") {
		unread.Hint = "only an ALTER TABLE with the table's name behind it can be tried on an empty copy; let the migration tool run it"
		return Part{}, unread
	}
	return Part{Items: []Item{{At: s.Start, Table: a.Table, Clause: a.SQL, Unread: true}}}, nil
}

// renames makes one operation of a drop and an add that a comment calls a rename.
func (c *composer) renames() error {
	for _, s := range c.list {
		for _, n := range s.Intents {
			if n.Word != Rename {
				continue
			}
			n.used = true
			if err := c.rename(s, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *composer) rename(s *Statement, n *Intent) error {
	table, from, to := n.rename()
	own := func(i Item) bool { return table == "" && i.Statement == s || i.Table == table }
	if at := slices.IndexFunc(c.items, own); at >= 0 {
		table = c.items[at].Table
	}
	drop := slices.IndexFunc(c.items, func(i Item) bool { return i.Table == table && i.Drops == from })
	add := slices.IndexFunc(c.items, func(i Item) bool { return i.Table == table && i.Adds == to })
	if drop < 0 || add < 0 {
		return n.wrong(fmt.Sprintf("no statements drop %s and add %s of one table", from, to), "the names are written as in the database, without quotes")
	}
	r := &plans.RenameColumn{Table: table, From: from, To: to}
	for _, at := range []int{drop, add} {
		if up, ok := c.items[at].Statement.Says(Up); ok {
			r.Up = up
		}
		if down, ok := c.items[at].Statement.Says(Down); ok {
			r.Down = down
		}
	}
	c.notes = append(c.notes, c.items[add].place()+fmt.Sprintf(": %s is %s under another name and keeps its definition; what the statement says of its type isn't used", to, from))
	first := min(drop, add)
	c.items[first].Operation, c.items[first].Clause, c.items[first].Adds, c.items[first].Drops = plans.Operation{RenameColumn: r}, "", "", ""
	c.items[first].Objects = []string{"column " + from, "column " + to}
	c.items = slices.Delete(c.items, max(drop, add), max(drop, add)+1)
	return nil
}

// validations: a constraint that is added NOT VALID and validated later is added, which is done this way anyhow.
func (c *composer) validations() error {
	for at := 0; at < len(c.items); at++ {
		i := c.items[at]
		if i.NotValid == "" {
			continue
		}
		later := slices.IndexFunc(c.items, func(v Item) bool { return v.Table == i.Table && v.Validates == i.NotValid })
		if later < at {
			return &plans.RefusedError{What: i.place(), Reason: "the constraint would stay NOT VALID, and phasemig validates what it adds, without blocking",
				Hint: "leave NOT VALID out, or let VALIDATE CONSTRAINT " + i.NotValid + " follow"}
		}
		c.items = slices.Delete(c.items, later, later+1)
	}
	return nil
}

// owners finds the tables of indexes that are named alone.
func (c *composer) owners() error {
	for at := range c.items {
		i := &c.items[at]
		if i.Index == "" || i.Table != "" {
			continue
		}
		table, err := c.owner(i.Index)
		if err != nil {
			return err
		}
		if table == "" {
			return &plans.InputError{What: i.place(), Reason: "there is no index " + i.Index}
		}
		i.Table = table
		if d := i.Operation.DropIndex; d != nil {
			d.Table = table
		}
		if s := i.Operation.SetComment; s != nil {
			s.Table = table
		}
	}
	return nil
}

func (c *composer) owner(index string) (string, error) {
	for _, i := range c.items {
		if n := i.Operation.CreateIndex; n != nil && n.Name == schema.ParseIdent(index).Name {
			return n.Table, nil
		}
	}
	if c.options.Table == nil {
		return "", nil
	}
	return c.options.Table(index)
}

// complete puts statements about a table that an earlier one creates behind it: nobody sees the table before it is whole.
func (c *composer) complete() error {
	var out []Item
	created := map[string]*plans.CreateTable{}
	var last *Statement
	for _, i := range c.items {
		n := created[i.Table]
		if n == nil || i.Statement == nil {
			if made := i.Operation.CreateTable; made != nil {
				created[i.Table] = made
			}
			out = append(out, i)
			continue
		}
		if i.Operation.CreateTable != nil || i.Operation.DropTable != nil {
			return &plans.RefusedError{What: i.place(), Reason: "a statement before it creates the table " + i.Table, Hint: "leave out what isn't meant"}
		}
		if i.Statement != last { // a statement may be several items
			n.Then = append(n.Then, i.Statement.Text)
		}
		last = i.Statement
	}
	c.items = out
	return nil
}

// destructive wants the word for what takes data away.
func (c *composer) destructive() error {
	for _, i := range c.items {
		if i.Drops == "" && i.Operation.DropTable == nil {
			continue
		}
		_, said := i.Statement.Says(Drop)
		if said || c.options.MayDrop {
			continue
		}
		if i.Operation.DropTable != nil {
			return &plans.InputError{What: i.place(), Reason: fmt.Sprintf("table %s would be dropped with all that it holds, and nobody has said that this is meant", i.Table),
				Hint: "-- phasemig:drop on a line before the statement, or --allow-drop for all of them"}
		}
		hint := "-- phasemig:drop on a line before the statement, or --allow-drop for all of them"
		if n := slices.IndexFunc(c.items, func(a Item) bool { return a.Table == i.Table && a.Adds != "" }); n >= 0 {
			to := c.items[n].Adds
			hint = fmt.Sprintf("is %s another name for %s? then -- phasemig:rename %s -> %s on a line before the statement; else ", to, i.Drops, i.Drops, to) + hint
		}
		return &plans.InputError{What: i.place(), Reason: fmt.Sprintf("column %s.%s would be dropped with all that it holds, and nobody has said that this is meant", i.Table, i.Drops), Hint: hint}
	}
	return nil
}

// unused: a comment that does nothing where it stands is a mistake.
func (c *composer) unused() error {
	for _, s := range c.list {
		for _, n := range s.Intents {
			if !n.used {
				return n.wrong("the word has no use for this statement", "")
			}
		}
	}
	return nil
}

// group is what one plan holds.
type group struct {
	way     way
	items   []Item
	several bool // an ALTER TABLE of each of several tables, and tables that come, go or change their name beside them
	apart   bool // what goes by another way isn't held: the rest is planned later, and need not be refused for it
}

// takes tells why an item has no place in the group; "": it has.
func (g *group) takes(i Item) string {
	first := g.items[0]
	if g.several && (g.way == byAlter || g.whole()) && (i.way() == byAlter || i.whole()) {
		return g.takesTable(i)
	}
	if g.way != i.way() && (g.apart || g.way == byAlter || i.way() == byAlter) {
		return fmt.Sprintf("%s is done %s, and %s (%s) %s", i.words(), i.way(), first.words(), first.place(), g.way)
	}
	for _, h := range g.items {
		if name := meets(h, i); name != "" {
			return fmt.Sprintf("it is about %s of %s, as %s is, and one of them is done by a column sync", name, i.Table, h.place())
		}
	}
	if g.way == byAlter && first.Table != i.Table {
		return fmt.Sprintf("it is an ALTER TABLE of %s, and %s is one of %s", i.Table, first.place(), first.Table)
	}
	if g.way == byAlter && (first.Unread || i.Unread) {
		return "a statement that can't be read stands alone"
	}
	if first.Alone != i.Alone {
		return "the drop of a constraint can't stand beside other clauses here"
	}
	if k := i.Operation.AddForeignKey; g.apart && k != nil && slices.ContainsFunc(g.items, func(h Item) bool { return h.Operation.CreateTable != nil && h.Table == k.References.Table }) {
		return "it points at " + k.References.Table + ", which isn't there before"
	}
	for _, h := range g.items {
		// Clauses of one ALTER TABLE may be about the same things, as the server lets them.
		if g.way == byAlter && h.Statement == i.Statement {
			continue
		}
		for _, n := range i.Objects {
			if h.Table == i.Table && slices.Contains(h.Objects, n) {
				return fmt.Sprintf("it is about %s of %s, as %s is", n, i.Table, h.place())
			}
		}
	}
	return ""
}

// meets is a name that a column sync and what the server does by itself share; "" where they are apart, or alike.
func meets(a, b Item) string {
	if a.way() == b.way() || a.Table != b.Table {
		return ""
	}
	sync, other := a, b
	if b.way() == bySync {
		sync, other = b, a
	}
	text := strings.Join(said(other.Operation), "\n")
	for _, n := range sync.Objects {
		if plans.Mentions(text, strings.TrimPrefix(n, "column ")) {
			return n
		}
	}
	return ""
}

// said are the texts of an operation: names of columns, and expressions. The words of change files aren't among them.
func said(o plans.Operation) []string {
	b, _ := json.Marshal(o)
	var v any
	_ = json.Unmarshal(b, &v) // what was written is read
	return textsIn(v)
}

func textsIn(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			out = append(out, textsIn(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, textsIn(e)...)
		}
	}
	return out
}

// whole reports whether the group is about tables as such alone.
func (g *group) whole() bool {
	return !slices.ContainsFunc(g.items, func(i Item) bool { return !i.whole() })
}

// whole reports whether an item makes a table, drops it or gives it another name.
func (i *Item) whole() bool {
	o := i.Operation
	return o.CreateTable != nil || o.DropTable != nil || o.RenameTable != nil
}

// takesTable tells why a table's ALTER, or what is done to it as such, has no place beside what the group holds; "": it has.
func (g *group) takesTable(i Item) string {
	for _, h := range g.items {
		switch {
		case h.Table != i.Table:
			if points := i.Clause + h.Clause; points != "" && (names(h, i.Clause) || names(i, h.Clause)) {
				return "it points at a table that isn't there before"
			}
			if (h.Drops != "" || i.Drops != "") && (h.whole() || i.whole()) {
				return fmt.Sprintf("a column is dropped on a copy of its table, and %s stands beside it", h.words())
			}
		case h.whole() || i.whole():
			return fmt.Sprintf("it is about table %s, as %s is", i.Table, h.place())
		case h.Unread || i.Unread:
			return "a statement that can't be read stands alone"
		case h.Alone != i.Alone:
			return "the drop of a constraint can't stand beside other clauses here"
		case h.Statement != i.Statement && shares(h.Objects, i.Objects) != "":
			return fmt.Sprintf("it is about %s of %s, as %s is", shares(h.Objects, i.Objects), i.Table, h.place())
		}
	}
	return ""
}

// names reports whether a clause points at the table that an item creates.
func names(i Item, clause string) bool {
	c := i.Operation.CreateTable
	return c != nil && plans.References(clause, c.Table)
}

func shares(a, b []string) string {
	for _, n := range a {
		if slices.Contains(b, n) {
			return n
		}
	}
	return ""
}

// groups cuts the items into plans, one behind the other.
func (c *composer) groups() (out []group, why []string) {
	for _, i := range c.items {
		reason := ""
		if n := len(out); n > 0 {
			last := &out[n-1]
			if c.options.Begin { // the order is nobody's: the first plan holds all that it can
				last = &out[0]
			}
			reason = last.takes(i)
			if c.options.Begin && (i.retypes() || last.items[0].retypes()) {
				reason = "whether a type is changed by a column sync or by the server itself isn't known yet"
			}
			if reason == "" {
				last.items = append(last.items, i)
				continue
			}
		}
		out, why = append(out, group{i.way(), []Item{i}, !c.options.Begin, c.options.Begin}), append(why, reason)
	}
	return out, why
}

func (c *composer) change() (Result, error) {
	list, why := c.groups()
	if len(list) > 1 && !c.options.Begin {
		return Result{}, &plans.RefusedError{What: list[1].items[0].place(), Reason: "one plan can't hold it together with what stands before: " + why[1], Hint: apart(list)}
	}
	r := Result{Notes: c.notes, Change: list[0].change(c.options.Name)}
	var err error
	if r.Change.Operations, err = plans.Order(r.Change.Operations); err != nil {
		return Result{}, err
	}
	for _, g := range list[1:] {
		for _, i := range g.items {
			r.Later = append(r.Later, i.words())
		}
	}
	return r, nil
}

// change makes the operations. Clauses of one table become one ALTER TABLE. What drops a column is done on a shadow, unless something else is asked
// for: the table keeps the column until contract, and the application has both shapes until then.
func (g *group) change(name string) plans.Change {
	ch := plans.Change{Name: name}
	alters := map[string]*plans.AlterTable{}
	for _, i := range g.items {
		a := alters[i.Table]
		switch {
		case i.Clause == "":
			ch.Operations = append(ch.Operations, i.Operation)
		case a == nil:
			a = &plans.AlterTable{Table: i.Table, SQL: i.Clause}
			alters[i.Table], ch.Operations = a, append(ch.Operations, plans.Operation{AlterTable: a})
		default:
			a.SQL += ", " + i.Clause
		}
		if i.Unread {
			a.Unparsed = plans.UnparsedRun
		}
		if i.Clause != "" && i.Drops != "" {
			ch.Strategy = "shadow"
		}
	}
	return ch
}

// apart says how to cut the input: by file where that is enough.
func apart(list []group) string {
	var parts []string
	split := false
	owner := map[string]int{}
	for n, g := range list {
		var files []string
		for _, i := range g.items {
			p := i.Statement.File.Path
			if before, ok := owner[p]; ok && before != n {
				split = true
			}
			owner[p] = n
			if !slices.Contains(files, p) {
				files = append(files, p)
			}
		}
		parts = append(parts, "--sql "+strings.Join(files, " --sql "))
	}
	if !split {
		return "plan and apply one after the other: first " + strings.Join(parts, ", then ")
	}
	parts = nil
	for _, g := range list {
		first, last := g.items[0].place(), g.items[len(g.items)-1].place()
		if first == last {
			parts = append(parts, first)
			continue
		}
		parts = append(parts, first+" to "+last)
	}
	return "make a file of each of these, plan and apply one after the other: " + strings.Join(parts, "; ")
}
