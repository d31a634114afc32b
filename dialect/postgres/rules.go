package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Rules is what is known of the server's SQL without a connection.
type Rules struct{}

var _ plans.Rules = Rules{}

// Quote writes an identifier.
func (Rules) Quote(name string) string { return Quote(name) }

// NameLimit is NAMEDATALEN - 1 of every build that is in use.
func (Rules) NameLimit() (int, bool) { return 63, true }

// AsAlter implements plans.Rules: a retype is a new column whose name is exchanged, in one short
// transaction. A column that rows are known by, or that the server numbers, changes with its table: on a shadow,
// where its sequence and the foreign keys that point at it go over. For what only a copy does there is no clause: the words
// tell people.
func (Rules) AsAlter(f *plans.Facts, t *schema.Table, o plans.Operation) (string, error) {
	switch {
	case o.AddColumn != nil:
		return rewritingColumn(f, t, o.AddColumn)
	case o.PartitionTable != nil:
		return partitionBy(o.PartitionTable), nil
	case o.RewriteTable != nil:
		return "REWRITE", nil
	}
	c := o.ChangeType
	if c == nil || c.Up != "" || c.Down != "" || !rowsKnownBy(t, c.Column) {
		return "", nil
	}
	return fmt.Sprintf("ALTER COLUMN %s TYPE %s", Quote(c.Column), c.Type), nil
}

// rowsKnownBy: the column is numbered by the server, is part of the primary key or of the only key that
// batches could walk, or is pointed at by a foreign key.
func rowsKnownBy(t *schema.Table, column string) bool {
	c, ok := t.Column(column)
	key, walked := t.Key()
	return ok && (c.Identity != "" || walked && slices.Contains(keyNames(key), column) ||
		slices.ContainsFunc(t.Indexes, func(x schema.Index) bool { return x.Primary && slices.Contains(keyNames(x), column) }) ||
		slices.ContainsFunc(t.Constraints, func(k schema.Constraint) bool { return k.Incoming && slices.Contains(k.Columns, column) }))
}

// Resolve completes a sync.
func (r Rules) Resolve(f *plans.Facts, t *schema.Table, s *plans.Sync) error {
	if s.Move != nil {
		return resolveMove(f, t, s)
	}
	if s.Extra == nil {
		s.Extra = map[string]string{}
	}
	for i := range s.Old {
		old, _ := t.Column(s.Old[i].Name)
		takeOver(&s.Old[i], old)
	}
	for _, step := range []func(*plans.Facts, *schema.Table, *plans.Sync) error{resolveTypes, resolveMapping, resolveReads, resolveChecks, refuseNames, refuseTriggers, refuseReshaped, resolveKey} {
		if err := step(f, t, s); err != nil {
			return err
		}
	}
	if needsSettings(s) && s.Extra["settings"] == "" {
		b, err := json.Marshal(f.Settings)
		if err != nil {
			return err
		}
		s.Extra["settings"] = string(b)
	}
	return nil
}

func what(s *plans.Sync) string {
	return fmt.Sprintf("%s %s.%s", s.Operation, s.Table, s.Old[0].Name)
}

func takeOver(sd *plans.Side, c schema.Column) {
	sd.Type, sd.Class, sd.NotNull, sd.Default, sd.Collation, sd.Comment = c.Type, c.Class, !c.Nullable, c.Default, c.Collation, c.Comment
}

// resolveTypes gives the new columns their types: the old one's, or what the server
// made of the one that is asked for.
func resolveTypes(f *plans.Facts, t *schema.Table, s *plans.Sync) error {
	old := s.Old[0]
	for i := range s.New {
		n := &s.New[i]
		asked := n.Type
		n.Comment = old.Comment
		if asked == "" {
			n.Type, n.Class, n.Collation = old.Type, old.Class, old.Collation
			if y, ok := f.Type(old.Type); ok && y.Error != "" {
				return &plans.RefusedError{What: what(s), Reason: "type " + old.Type + ": " + y.Error, Hint: "use the domain's base type, with a CHECK on the column"}
			}
		} else if err := resolveType(f, s, n, old, asked); err != nil {
			return err
		}
		switch s.Operation {
		case "rename_column", "change_type":
			n.NotNull, n.Default = old.NotNull, old.Default
		case "set_not_null":
			if old.NotNull {
				return &plans.InputError{What: what(s), Reason: "the column is NOT NULL already"}
			}
			n.NotNull, n.Default = true, old.Default
		case "split_column", "merge_columns":
			n.Comment = ""
		}
	}
	return nil
}

func resolveType(f *plans.Facts, s *plans.Sync, n *plans.Side, old plans.Side, asked string) error {
	y, ok := f.Type(asked)
	if !ok || y.Error != "" {
		return &plans.InputError{What: fmt.Sprintf("type %q", asked), Reason: y.Error, Hint: "the type must exist on the server; serial types are no types"}
	}
	n.Type, n.Class = y.Type, y.Class
	if y.Class == schema.Text && old.Class == schema.Text {
		n.Collation = old.Collation
	}
	if s.Operation == "change_type" && n.Type == old.Type {
		return &plans.InputError{What: what(s), Reason: "the column has the type " + old.Type + " already"}
	}
	return nil
}

// resolveMapping gives a retype its casts, and says what can go wrong on the way
// back: every mapping but a plain copy and casts that lose nothing.
func resolveMapping(f *plans.Facts, _ *schema.Table, s *plans.Sync) error {
	old, nu := &s.Old[0], &s.New[0]
	s.Bijective = true
	if s.Operation == "change_type" {
		up, down := f.Cast(old.Type, nu.Type), f.Cast(nu.Type, old.Type)
		if err := resolveCast(s, nu, up, castSQL(old.Name, nu.Type), "up"); err != nil {
			return err
		}
		if err := resolveCast(s, old, down, castSQL(nu.Name, old.Type), "down"); err != nil {
			return err
		}
		if strict(s) {
			s.Bijective, s.Fallible = up.Safe, !down.Safe
			return nil
		}
	}
	for _, n := range s.New {
		s.Bijective = s.Bijective && n.Plain != ""
	}
	s.Fallible = old.Plain == ""
	s.Bijective = s.Bijective && !s.Fallible
	return nil
}

func resolveCast(s *plans.Sync, sd *plans.Side, c plans.Cast, sql, field string) error {
	if sd.SQL != "" {
		return nil
	}
	if !c.Found {
		return &plans.InputError{What: what(s), Reason: fmt.Sprintf("there is no cast from %s to %s", c.From, c.To), Hint: "give the mapping as SQL: up and down"}
	}
	sd.SQL = sql
	return nil
}

// resolveReads lists the other columns that the mapping names. A generated one
// has no value yet when the trigger runs.
func resolveReads(_ *plans.Facts, t *schema.Table, s *plans.Sync) error {
	var others []string
	for _, c := range t.Columns {
		if !slices.Contains(s.Columns(), c.Name) {
			others = append(others, c.Name)
		}
	}
	for _, sd := range append(slices.Clone(s.Old), s.New...) {
		if sd.Plain != "" || castOf(sd.SQL, s.Old[0].Name, sd.Type) || castOf(sd.SQL, s.New[0].Name, sd.Type) {
			continue
		}
		for _, n := range mentions(sd.SQL, t.Name, others) {
			c, _ := t.Column(n)
			if c.Generated != "" {
				return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("the mapping SQL reads the generated column %s, which has no value yet when triggers run", n), Hint: "write its expression out"}
			}
			if !slices.Contains(s.Reads, n) {
				s.Reads = append(s.Reads, n)
			}
		}
	}
	slices.Sort(s.Reads)
	return nil
}

// refuseNames finds user columns in the way of names that appear later.
func refuseNames(_ *plans.Facts, t *schema.Table, s *plans.Sync) error {
	for _, sys := range []string{"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"} {
		for _, n := range s.New {
			if n.Name == sys {
				return &plans.InputError{What: fmt.Sprintf("column %s.%s", t.Ident, n.Name), Reason: "the server uses this name for a system column"}
			}
		}
	}
	return nil
}

// ourTrigger is the beginning of our triggers' names: "~" sorts behind every
// other character of ASCII, and triggers fire in the order of their names.
const ourTrigger = "~pm_"

// refuseTriggers refuses what would change a row behind our trigger, and what the
// backfill would fire without being able to silence it.
func refuseTriggers(f *plans.Facts, t *schema.Table, s *plans.Sync) error {
	for _, d := range t.Dependents {
		if d.Kind == "rule" {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("rule %s rewrites statements on the table, those of the backfill too", d.Name), Hint: "replace the rule by a trigger first"}
		}
	}
	for _, g := range t.Triggers {
		if s.DualWrite == "trigger" && g.Timing == "BEFORE" && rowTrigger(g) && g.Name > ourTrigger && !strings.HasPrefix(g.Name, ourTrigger) && writes(g.Event) {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("trigger %s fires after ours, whose name would be %s…: what it changes would not be kept in step", g.Name, ourTrigger),
				Hint: "rename it: ALTER TRIGGER " + Quote(g.Name) + " ON " + relation(t.Ident) + " RENAME TO …"}
		}
	}
	if s.UserTriggers == "fire" {
		return nil
	}
	for _, g := range t.Triggers {
		if !strings.Contains(g.Event, "UPDATE") || namesColumns(g) || strings.HasPrefix(g.Name, ourTrigger) || silent(g.Enabled, f.ReplicaRole && quietable(t)) {
			continue
		}
		return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("the backfill updates every row and would fire trigger %s; this session can't keep it silent", g.Name),
			Hint: "say `user_triggers: fire` if that does no harm, or let the user run as replica: GRANT SET ON PARAMETER session_replication_role TO " + Quote(f.Server.User) + " (PostgreSQL 15 and later)"}
	}
	return nil
}

func writes(event string) bool {
	return strings.Contains(event, "INSERT") || strings.Contains(event, "UPDATE")
}

func rowTrigger(g schema.Trigger) bool { return strings.Contains(g.Body, " FOR EACH ROW ") }

// namesColumns: UPDATE OF fires for the columns that a statement names, and the
// backfill names only new ones.
func namesColumns(g schema.Trigger) bool {
	return strings.Contains(strings.SplitN(g.Body, " ON ", 2)[0], " UPDATE OF ")
}

// quietable: in the replica's role triggers enabled for it would fire instead.
func quietable(t *schema.Table) bool {
	return !slices.ContainsFunc(t.Triggers, func(g schema.Trigger) bool { return g.Enabled == "R" && strings.Contains(g.Event, "UPDATE") })
}

// silent tells by tgenabled whether a trigger stays silent.
func silent(enabled string, replica bool) bool {
	return enabled == "D" || enabled == "R" && !replica || enabled == "O" && replica
}

// quiet: the backfill runs in the replica's role. It does so only where there is
// something to silence, because foreign keys' own triggers stay silent too.
func quiet(s *plans.Sync) bool { return s.Extra["replica_role"] == "yes" }

// ofOld: one of the columns is an old one.
func ofOld(s *plans.Sync, columns []string) bool {
	return slices.ContainsFunc(s.Old, func(o plans.Side) bool { return slices.Contains(columns, o.Name) })
}

// refuseReshaped: what the old columns enforce alone can't be told of new ones that hold other pieces.
func refuseReshaped(_ *plans.Facts, t *schema.Table, s *plans.Sync) error {
	if !s.Reshapes() {
		return nil
	}
	for _, x := range t.Indexes {
		if x.Unique && ofOld(s, uses(x)) {
			return &plans.RefusedError{What: what(s), Reason: "unique index " + x.Name + " covers the column, and what takes its place doesn't make the same promise", Hint: "drop it first, or keep the column"}
		}
	}
	for _, c := range t.Constraints {
		if !c.Incoming && c.Kind != schema.Check && ofOld(s, c.Columns) {
			return &plans.RefusedError{What: what(s), Reason: fmt.Sprintf("constraint %s covers the column: a write of new code could break it without naming the column", c.Name), Hint: "drop it first"}
		}
	}
	return nil
}

// check is a CHECK of the old column. Where new code's values come through a
// mapping, the trigger asks it before the server does: a value that it refuses
// has no place in the old shape, which is no error of the application.
type check struct {
	SQL     string   `json:"sql"`
	Columns []string `json:"columns"`
}

func resolveChecks(_ *plans.Facts, t *schema.Table, s *plans.Sync) error {
	if !s.Fallible || strict(s) {
		return nil
	}
	var list []check
	for _, c := range t.Constraints {
		if c.Kind == schema.Check && ofOld(s, c.Columns) && !strings.HasSuffix(c.Definition, " NOT ENFORCED") {
			list = append(list, check{checkExpression(c.Definition), c.Columns})
		}
	}
	if list == nil {
		return nil
	}
	b, err := json.Marshal(list)
	s.Extra["old_checks"] = string(b)
	return err
}

// checkExpression cuts the expression out of "CHECK (…) NOT VALID NO INHERIT".
func checkExpression(def string) string {
	def = strings.TrimPrefix(def, "CHECK ")
	depth, n := 0, 0
	for _, t := range tokens(def) {
		n += len(t.text)
		switch t.text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return def[:n]
			}
		}
	}
	return def
}

func oldChecks(s *plans.Sync) []check {
	var list []check
	if text := s.Extra["old_checks"]; text != "" {
		_ = json.Unmarshal([]byte(text), &list) // made by resolveChecks
	}
	return list
}

// resolveKey fixes the order in which batches walk: the index's own, so that the
// server reads along it and never sorts.
func resolveKey(f *plans.Facts, t *schema.Table, s *plans.Sync) error {
	x, ok := t.Key()
	if !ok {
		return &plans.RefusedError{What: what(s), Reason: "the table has no key that batches can walk"}
	}
	var order []string
	for _, p := range x.Columns {
		o := Quote(p.Name)
		if p.Descending {
			o += " DESC"
		}
		if p.NullsFirst != p.Descending {
			o += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[p.NullsFirst]
		}
		order = append(order, o)
	}
	s.Extra["order"] = strings.Join(order, ", ")
	for i, k := range s.Key {
		if slices.Contains(s.Columns(), k.Name) {
			return &plans.RefusedError{What: what(s), Reason: "the column is part of the only key that batches can walk", Hint: "add a primary key"}
		}
		s.Key[i].Class = k.Class
	}
	if f.ReplicaRole && quietable(t) && slices.ContainsFunc(t.Triggers, func(g schema.Trigger) bool { return g.Enabled == "O" && strings.Contains(g.Event, "UPDATE") }) && s.UserTriggers != "fire" {
		s.Extra["replica_role"] = "yes"
	}
	return nil
}

func uses(x schema.Index) []string {
	if len(x.Uses) > 0 {
		return x.Uses
	}
	var out []string
	for _, p := range x.Columns {
		out = append(out, p.Name)
	}
	return out
}
