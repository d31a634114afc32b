package mysql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// extra is what the steps need of the catalog as it was when the plan was made.
// It travels in Sync.Extra, so that the SQL of a step can be made again at any
// time and is always the same.
type extra struct {
	Old     []clause `json:"old"`
	New     []clause `json:"new"`
	Columns []string `json:"columns"` // all of the table, as planned
	// OnUpdate lists columns that the server would move by itself when the
	// backfill writes a row.
	OnUpdate []string `json:"on_update,omitempty"`
	KeyIndex string   `json:"key_index"`
	// AutoKey: the key's value isn't known before a row is inserted.
	AutoKey bool `json:"auto_key,omitempty"`
	// Relaxed is the default that an old NOT NULL column gets in expand.
	Relaxed string `json:"relaxed,omitempty"`
	// Add, Rename and DropColumn are the algorithms to ask for.
	Add    string `json:"add"`
	Rename string `json:"rename"`
	Remove string `json:"remove"`
	// NoInstant is why this table is rewritten where others aren't.
	NoInstant string `json:"no_instant,omitempty"`
	// Indexes, Keys and Checks are those of the old columns, gone with them.
	Indexes []string `json:"indexes,omitempty"`
	Keys    []string `json:"keys,omitempty"`
	Checks  []string `json:"checks,omitempty"`
}

const (
	instant = "ALGORITHM=INSTANT"
	inplace = "ALGORITHM=INPLACE, LOCK=NONE"
)

// extra fills the sync's Extra.
func (r *resolver) extra() error {
	x := &r.x
	x.NoInstant = r.t.NoInstant
	x.Add, x.Rename, x.Remove = inplace, inplace, inplace
	if r.can.InstantAddColumn && r.can.InstantAddAnywhere && x.NoInstant == "" {
		x.Add = instant
	}
	if r.can.InstantRenameColumn {
		x.Rename = instant
	}
	if r.can.InstantDropColumn && x.NoInstant == "" {
		x.Remove = instant
	}
	for _, c := range r.t.Columns {
		x.Columns = append(x.Columns, c.Name)
		if c.OnUpdate != "" {
			x.OnUpdate = append(x.OnUpdate, c.Name)
		}
	}
	for _, k := range r.s.Key {
		c, _ := r.t.Column(k.Name)
		x.AutoKey = x.AutoKey || c.Identity != ""
	}
	if err := r.clauses(); err != nil {
		return err
	}
	if err := r.attached(); err != nil {
		return err
	}
	return r.store()
}

func virtual(c schema.Column) bool {
	return c.Generated != "" && slices.ContainsFunc(tokens(c.Definition), func(t token) bool { return strings.EqualFold(t.text, "VIRTUAL") })
}

func (r *resolver) clauses() error {
	for _, o := range r.s.Old {
		c, _ := r.t.Column(o.Name)
		k := parseClause(tokens(c.Definition)).withJSON(o.Name)
		r.x.Old = append(r.x.Old, k)
		if err := r.relax(o, k); err != nil {
			return err
		}
	}
	if r.x.Relaxed != "" && len(r.s.Old) > 1 {
		return r.refuse("ALTER TABLE … ALTER COLUMN … SET DEFAULT for each column that is NOT NULL without one", "INSERT … SELECT of new code would fail here on an old NOT NULL column before a trigger can fill it")
	}
	for _, n := range r.s.New {
		k := clause{Core: n.Type, Comment: n.Comment, Default: n.Default, NotNull: n.NotNull, Invisible: !r.s.Reshapes() && r.x.Old[0].Invisible}
		if n.Plain == "" && r.s.Operation == "rename_column" {
			k.Default = nil // it says something in the old form
		}
		switch old := r.s.Old[0]; {
		case n.Type == old.Type:
			k.Core = r.x.Old[0].Core
		case n.Charset == old.Charset && n.Collation == old.Collation && !saysCharset(r.x.Old[0].Core):
			// both are the table's own, which the server would go on to spell out if it were said
		default:
			k.Core = withCharset(k.Core, n.Charset, n.Collation)
		}
		r.x.New = append(r.x.New, k)
	}
	return r.columnChecks()
}

// relax finds the default that lets an old NOT NULL column be left out: by INSERT …
// SELECT of new code where triggers come too late for it, and by anybody once the
// column is hidden.
func (r *resolver) relax(o plans.Side, k clause) error {
	if !k.NotNull || k.Default != nil {
		return nil
	}
	z, ok := zero(o, k)
	if !ok {
		return r.refuse("give the column a default first", "the column is NOT NULL without a default, and a value of type %s can't be made up for the time when it is hidden", o.Type)
	}
	if !r.can.FillsNotNullInSelect {
		r.x.Relaxed = z
	}
	return nil
}

// withCharset makes charset and collation explicit where the type doesn't say them.
func withCharset(core, charset, collation string) string {
	list := tokens(core)
	if charset == "" || charset == "binary" || saysCharset(core) {
		return core
	}
	n := 1 + group(list[1:])
	head, tail := join(list[:n]), join(list[n:])
	head += " CHARACTER SET " + charset
	if collation != "" {
		head += " COLLATE " + collation
	}
	return strings.TrimSpace(head + " " + tail)
}

// saysCharset: the type names its charset or collation.
func saysCharset(core string) bool {
	list := tokens(core)
	for i := range list {
		if words(list[i:], "COLLATE") || words(list[i:], "CHARACTER", "SET") || words(list[i:], "CHARSET") {
			return true
		}
	}
	return false
}

// zero is a value of the type as SQL for DEFAULT: what the server itself takes for
// a NOT NULL column in its lax mode. It stands in hidden old columns only.
func zero(s plans.Side, k clause) (string, bool) {
	if k.Core == jsonCore {
		return "('null')", true
	}
	name := strings.ToLower(tokens(s.Type + " ")[0].text)
	switch s.Class {
	case schema.Integer, schema.Decimal, schema.Float:
		return "0", true
	case schema.JSON:
		return "('null')", true
	case schema.UUID:
		return "'00000000-0000-0000-0000-000000000000'", true
	case schema.Text, schema.Binary:
		if strings.HasSuffix(name, "text") || strings.HasSuffix(name, "blob") {
			return "('')", true
		}
		return "''", true
	}
	z, ok := map[string]string{"date": "'1970-01-01'", "datetime": "'1970-01-01 00:00:01'", "timestamp": "'1970-01-02 00:00:01'", "time": "'00:00:00'",
		"bit": "b'0'", "set": "''", "inet4": "'0.0.0.0'", "inet6": "'::'"}[name]
	if name == "enum" {
		return tokens(s.Type)[2].text, true
	}
	return z, ok
}

// columnChecks doubles CHECKs where one can come with the new column at no cost;
// elsewhere adding one copies the table under a lock.
func (r *resolver) columnChecks() error {
	for _, k := range r.t.Constraints {
		if k.Kind != schema.Check || k.Incoming || !slices.ContainsFunc(r.s.Old, func(o plans.Side) bool { return slices.Contains(k.Columns, o.Name) }) {
			continue
		}
		if err := r.columnCheck(k); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) columnCheck(k schema.Constraint) error {
	if slices.ContainsFunc(r.x.Old, func(o clause) bool { return o.Core == jsonCore }) && strings.Contains(strings.ToLower(k.Definition), "json_valid") {
		return nil // comes with the type
	}
	what := "CHECK constraint " + k.Name
	if strings.HasPrefix(k.Name, "check of column") {
		what = "the column's CHECK"
	}
	if !r.can.InstantColumnCheck {
		return r.refuse("drop it first and add it to the new column in a maintenance window, or wait for the shadow-table copier",
			"%s names the column: this server can't rename such a column, and adds a CHECK only by copying the table while writes wait", what)
	}
	expr := strings.TrimPrefix(k.Definition, "CHECK ")
	if len(r.s.New) != 1 || r.s.Old[0].Plain == "" && r.s.Operation != "set_not_null" {
		return r.refuse("drop it first", "%s can't be carried over to columns that hold something else", what)
	}
	if rejectsNull(expr) {
		return r.refuse("drop it first", "%s may be false for NULL, which the new column holds until it is filled", what)
	}
	if !strings.HasPrefix(k.Name, "check of column") {
		r.x.Checks = append(r.x.Checks, k.Name)
	}
	expr = renamed(expr, r.s.Old[0].Name, r.s.New[0].Name)
	if c := &r.x.New[0]; c.Check == "" {
		c.Check = expr
	} else {
		c.Check = "(" + c.Check + " AND " + expr + ")"
	}
	return nil
}

// rejectsNull finds expressions that may be false for NULL. All others are strict:
// comparisons, arithmetic and plain functions of NULL are NULL, which passes.
func rejectsNull(expr string) bool {
	lax := []string{"is", "isnull", "ifnull", "coalesce", "nvl", "nvl2", "if", "case", "nullif", "concat_ws", "decode"}
	return strings.Contains(expr, "<=>") || slices.ContainsFunc(tokens(expr), func(t token) bool {
		return slices.Contains(lax, strings.ToLower(t.text))
	})
}

// attached lists what hangs on the old columns and goes with them. A functional index
// forbids the rename of its columns, and a new one is built only by copying the
// table while writes wait.
func (r *resolver) attached() error {
	for _, x := range r.t.Indexes {
		if !r.ofOld(x.Uses) || r.s.Reshapes() && r.carriesForeignKey(x) {
			continue
		}
		if slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Expression != "" }) {
			return r.refuse("drop it first, or wait for the shadow-table copier", "functional index %s can't be built on the new column while writes go on, and forbids that the old one is hidden", x.Name)
		}
		r.x.Indexes = append(r.x.Indexes, x.Name)
	}
	for _, k := range r.t.Constraints {
		if k.Kind == schema.ForeignKey && !k.Incoming && r.ofOld(k.Columns) {
			r.x.Keys = append(r.x.Keys, k.Name)
		}
	}
	return nil
}

func (r *resolver) ofOld(columns []string) bool {
	return slices.ContainsFunc(r.s.Old, func(o plans.Side) bool { return slices.Contains(columns, o.Name) })
}

const extraKey = "mysql"

func (r *resolver) store() error {
	b, err := json.Marshal(r.x)
	if err != nil {
		return fmt.Errorf("encode the plan's extra facts: %w", err)
	}
	r.s.Extra = map[string]string{extraKey: string(b)}
	return nil
}

func readExtra(s *plans.Sync) (extra, error) {
	var x extra
	if err := json.Unmarshal([]byte(s.Extra[extraKey]), &x); err != nil {
		return x, &plans.InputError{What: "plan", Reason: "its facts of this server can't be read: " + err.Error(), Hint: "make the plan again"}
	}
	return x, nil
}
