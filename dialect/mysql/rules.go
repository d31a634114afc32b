package mysql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// rules implements plans.Rules. It has no connection and no state.
type rules struct{}

var _ plans.Rules = rules{}

// Quote implements plans.Rules.
func (rules) Quote(name string) string { return quote(name) }

// NameLimit implements plans.Rules.
func (rules) NameLimit() (int, bool) { return 64, false }

// AsAlter implements plans.Rules: a retype rewrites the table, which is the work of a
// copy. Everything but the type stays as it is.
func (rules) AsAlter(_ *plans.Facts, t *schema.Table, o plans.Operation) (string, error) {
	if o.MoveColumns != nil {
		return "", refuseMove(t, o.MoveColumns)
	}
	if o.ChangeType == nil {
		return nativeClause(t, o)
	}
	what := fmt.Sprintf("change_type %s.%s", t.Ident, o.ChangeType.Column)
	c, ok := t.Column(o.ChangeType.Column)
	if !ok {
		return "", &plans.InputError{What: fmt.Sprintf("column %s.%s", t.Ident, o.ChangeType.Column), Reason: "there is no such column"}
	}
	if o.ChangeType.Up != "" || o.ChangeType.Down != "" {
		return "", &plans.RefusedError{What: what, Reason: "on this server a retype converts as the server does, and takes no SQL of one's own", Hint: "rename_column with up and down to a new column of the new type"}
	}
	if c.Generated != "" {
		return "", &plans.RefusedError{What: what, Reason: "the column is generated: " + c.Generated, Hint: "alter_table with the whole definition"}
	}
	k := parseClause(tokens(c.Definition))
	k.Core = o.ChangeType.Type
	sql := "MODIFY COLUMN " + quote(c.Name) + " " + k.SQL()
	if k.Auto {
		sql += " AUTO_INCREMENT"
	}
	return sql, nil
}

// Resolve implements plans.Rules.
func (rules) Resolve(f *plans.Facts, t *schema.Table, s *plans.Sync) error {
	r := resolver{f: f, t: t, s: s, can: f.Server.Can, what: fmt.Sprintf("%s %s.%s", s.Operation, t.Ident, s.Old[0].Name)}
	for _, check := range []func() error{r.names, r.server, r.table, r.userTriggers, r.keyTypes, r.sides} {
		if err := check(); err != nil {
			return err
		}
	}
	r.mapping()
	return r.extra()
}

type resolver struct {
	f    *plans.Facts
	t    *schema.Table
	s    *plans.Sync
	can  schema.Features
	what string
	x    extra
}

func (r *resolver) refuse(hint, format string, args ...any) error {
	return &plans.RefusedError{What: r.what, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// names refuses what no quoting makes a name here.
func (r *resolver) names() error {
	for _, n := range r.s.New {
		what := fmt.Sprintf("column %s.%s", r.t.Ident, n.Name)
		if beyondBMP(n.Name) {
			return &plans.InputError{What: what, Reason: "names on this server hold characters of the basic multilingual plane only: no emoji, no NUL"}
		}
		if strings.TrimRightFunc(n.Name, unicode.IsSpace) != n.Name {
			return &plans.InputError{What: what, Reason: "a name can't end in white space"}
		}
	}
	return nil
}

func (r *resolver) server() error {
	switch {
	case !r.can.InvisibleColumns:
		return r.refuse("MySQL 8.0.23 or MariaDB 10.6", "%s %s has no invisible columns, so that a new column would break positional INSERTs", r.f.Server.Product, r.f.Server.Version)
	case !r.can.RenameColumn:
		return r.refuse("MySQL 8.0.23 or MariaDB 10.6", "%s %s can't rename a column by itself", r.f.Server.Product, r.f.Server.Version)
	case !r.can.SkipLocked:
		return r.refuse("MySQL 8.0.23 or MariaDB 10.6", "%s %s has no SKIP LOCKED, so that the backfill could make the application a deadlock's victim", r.f.Server.Product, r.f.Server.Version)
	}
	return nil
}

func (r *resolver) table() error {
	if !strings.EqualFold(r.t.Storage, "InnoDB") {
		return r.refuse("ALTER TABLE … ENGINE=InnoDB first", "the table's engine is %s; only InnoDB has row locks and transactions", r.t.Storage)
	}
	for _, x := range r.t.Indexes {
		if x.Method == "fulltext" {
			return r.refuse("drop it first, or wait for the shadow-table copier", "the table has the full-text index %s, and this server adds a column to such a table only by copying it while writes wait", x.Name)
		}
	}
	return r.virtualBehind()
}

// virtualBehind: on one of the servers virtual columns stand in the way. A new column
// at the end of the table would do there, but would take another value of every
// positional INSERT once the old one is hidden.
func (r *resolver) virtualBehind() error {
	if r.can.AddBeforeVirtual {
		return nil
	}
	const hint = "drop it first and add it again afterwards, or wait for the shadow-table copier"
	at := slices.IndexFunc(r.t.Columns, func(c schema.Column) bool { return c.Name == r.s.Old[0].Name })
	for _, c := range r.t.Columns[at+1:] {
		if virtual(c) {
			return r.refuse(hint, "the virtual column %s stands behind the column, and this server adds a column in front of one only by copying the table while writes wait", c.Name)
		}
	}
	for _, x := range r.t.Indexes {
		for _, name := range x.Uses {
			if c, ok := r.t.Column(name); ok && virtual(c) {
				return r.refuse(hint, "index %s is on the virtual column %s, and this server rewrites such a table only while writes wait", x.Name, name)
			}
		}
	}
	return nil
}

// userTriggers: an UPDATE of the backfill fires them, and nothing can keep them
// silent here.
func (r *resolver) userTriggers() error {
	if r.s.UserTriggers == "fire" {
		return nil
	}
	for _, g := range r.t.Triggers {
		if !ours(g.Name) && g.Event == "UPDATE" {
			return r.refuse("if that does no harm, say `user_triggers: fire` in the change", "the backfill would fire the table's own trigger %s for every row, and this server can't silence it", g.Name)
		}
	}
	return nil
}

// keyTypes refuses keys whose order isn't the order of any literal. Another unique
// index serves as well as the one that was chosen.
func (r *resolver) keyTypes() error {
	best, _ := r.t.Key()
	r.x.KeyIndex = best.Name
	bad := slices.IndexFunc(r.s.Key, func(k plans.KeyPart) bool { return keyForm(k) == noForm })
	if bad < 0 {
		return nil
	}
	for _, x := range r.t.Indexes {
		if key, ok := r.walkable(x); ok {
			r.s.Key, r.x.KeyIndex = key, x.Name
			return nil
		}
	}
	k := r.s.Key[bad]
	return r.refuse("add a unique index over columns of other types, all NOT NULL", "batches can't walk the key column %s of type %s: no literal compares with it in the order of the index", k.Name, k.Type)
}

func (r *resolver) walkable(x schema.Index) ([]plans.KeyPart, bool) {
	if !x.Unique || x.Invalid || x.Invisible {
		return nil, false
	}
	var key []plans.KeyPart
	for _, p := range x.Columns {
		c, ok := r.t.Column(p.Name)
		k := plans.KeyPart{Name: c.Name, Type: c.Type, Class: c.Class, Charset: c.Charset, Collation: c.Collation, Descending: p.Descending}
		if !ok || c.Nullable || p.Prefix > 0 || p.Expression != "" || keyForm(k) == noForm {
			return nil, false
		}
		key = append(key, k)
	}
	return key, true
}

// sides copies what is known of the old columns and gives the new ones their types.
func (r *resolver) sides() error {
	for i := range r.s.Old {
		o := &r.s.Old[i]
		c, _ := r.t.Column(o.Name)
		if c.OnUpdate != "" {
			return r.refuse("ALTER TABLE … MODIFY the column without ON UPDATE and set it in the application first",
				"the server changes the column by itself (ON UPDATE %s), after triggers have looked", c.OnUpdate)
		}
		describe(o, c)
		if slices.ContainsFunc(r.t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, o.Hidden) }) {
			return &plans.InputError{What: "column " + o.Hidden, Reason: "the name that the old column is to be hidden under is taken"}
		}
	}
	old, _ := r.t.Column(r.s.Old[0].Name)
	if r.s.Operation == "set_not_null" && !old.Nullable {
		return &plans.InputError{What: fmt.Sprintf("column %s.%s", r.t.Ident, old.Name), Reason: "it is NOT NULL already"}
	}
	for i := range r.s.New {
		n := &r.s.New[i]
		if n.Type == "" || n.Type == old.Type {
			r.inherit(n, old)
			continue
		}
		if err := r.typed(n); err != nil {
			return err
		}
	}
	return nil
}

func describe(o *plans.Side, c schema.Column) {
	o.Type, o.Class, o.NotNull, o.Default = c.Type, c.Class, !c.Nullable, c.Default
	o.Collation, o.Charset, o.Comment = c.Collation, c.Charset, c.Comment
}

// inherit gives a new column the old one's type. A rename takes over everything.
func (r *resolver) inherit(n *plans.Side, old schema.Column) {
	notNull := n.NotNull
	describe(n, old)
	switch r.s.Operation {
	case "rename_column":
	case "set_not_null":
		n.NotNull = true
	default:
		n.NotNull, n.Default, n.Comment = notNull, nil, ""
	}
}

// typed reads a type that the change gives. The server judges it when the
// facts are read; here it is made sure that it is nothing but a type.
func (r *resolver) typed(n *plans.Side) error {
	list := tokens(n.Type)
	c := parseClause(list)
	if c.Core != join(list) || len(list) == 0 || slices.ContainsFunc(list, func(t token) bool { return t.text == ";" || t.text == "," && group(list[1:]) == 0 }) {
		return &plans.InputError{What: fmt.Sprintf("type of %s.%s", r.t.Ident, n.Name), Reason: fmt.Sprintf("%q is not just a type", n.Type),
			Hint: "give the type alone, with CHARACTER SET and COLLATE where needed; the new column may hold NULL until contract"}
	}
	n.Class = class(list[0].text, n.Type)
	if old := r.s.Old[0]; n.Class == schema.Text || words(list, "enum") || words(list, "set") {
		n.Charset, n.Collation = cmp.Or(old.Charset, "utf8mb4"), old.Collation
	}
	for i := range list {
		if words(list[i:], "CHARACTER", "SET") && i+2 < len(list) {
			n.Charset, n.Collation = strings.ToLower(list[i+2].text), ""
		}
		if words(list[i:], "CHARSET") && i+1 < len(list) {
			n.Charset, n.Collation = strings.ToLower(list[i+1].text), ""
		}
		if words(list[i:], "COLLATE") && i+1 < len(list) {
			n.Collation = strings.ToLower(list[i+1].text)
			n.Charset, _, _ = strings.Cut(n.Collation, "_")
		}
	}
	return nil
}

// mapping decides what can be said of the SQL both ways.
func (r *resolver) mapping() {
	plainBoth := true
	for _, sd := range append(slices.Clone(r.s.Old), r.s.New...) {
		plainBoth = plainBoth && sd.Plain != ""
	}
	r.s.Bijective = plainBoth
	for _, o := range r.s.Old {
		r.s.Fallible = r.s.Fallible || o.Plain == ""
	}
}
