package postgres

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// mapping writes a sync's SQL for the names that its columns have at a moment.
// Moved: the old columns carry their hidden names, and in a sync with a swap the
// new ones the old names.
type mapping struct {
	s     *plans.Sync
	moved bool
}

// old and new are the names as they are in the table now.
func (m mapping) old(i int) string {
	if m.moved {
		return m.s.Old[i].Hidden
	}
	return m.s.Old[i].Name
}

func (m mapping) new(i int) string {
	if m.moved && m.s.Swap {
		return m.s.Old[i].Name
	}
	return m.s.New[i].Name
}

func (m mapping) olds() []string {
	out := make([]string, len(m.s.Old))
	for i := range out {
		out[i] = m.old(i)
	}
	return out
}

func (m mapping) news() []string {
	out := make([]string, len(m.s.New))
	for i := range out {
		out[i] = m.new(i)
	}
	return out
}

// up is the SQL for a new column over a row whose columns are written with the
// prefix: "NEW." in a trigger, "t." in a query.
func (m mapping) up(i int, prefix string) string {
	sd := m.s.New[i]
	if k := m.oldIndex(sd.Plain); sd.Plain != "" && k >= 0 {
		return prefix + Quote(m.old(k))
	}
	if castOf(sd.SQL, m.s.Old[0].Name, sd.Type) {
		return prefix + Quote(m.old(0)) + "::" + sd.Type
	}
	bind := map[string]string{}
	for k, o := range m.s.Old {
		bind[o.Name] = m.old(k)
	}
	return m.bound(sd.SQL, prefix, bind)
}

// down is the SQL for an old column. After a swap the new one is visible under
// the user's name for it too.
func (m mapping) down(i int, prefix string) string {
	sd := m.s.Old[i]
	if k := m.newIndex(sd.Plain); sd.Plain != "" && k >= 0 {
		return prefix + Quote(m.new(k))
	}
	if castOf(sd.SQL, m.s.New[0].Name, sd.Type) {
		return prefix + Quote(m.new(0)) + "::" + sd.Type
	}
	bind := map[string]string{}
	for k, n := range m.s.New {
		bind[n.Name] = m.new(k)
		if m.s.Swap {
			bind[m.s.Old[k].Name] = m.new(k)
		}
	}
	return m.bound(sd.SQL, prefix, bind)
}

// bound makes the row visible to the user's SQL under the planned names, by a
// derived table of one row with the table's name. The line break ends a comment
// that the SQL may end in.
func (m mapping) bound(sql, prefix string, bind map[string]string) string {
	for _, n := range m.s.Reads {
		bind[n] = n
	}
	var names []string
	for n := range bind {
		names = append(names, n)
	}
	slices.Sort(names)
	names = mentions(sql, m.s.Table.Name, names)
	if len(names) == 0 {
		return "(SELECT (" + sql + "\n))"
	}
	var cols []string
	for _, n := range names {
		cols = append(cols, prefix+Quote(bind[n])+" AS "+Quote(n))
	}
	return "(SELECT (" + sql + "\n) FROM (SELECT " + strings.Join(cols, ", ") + ") AS " + Quote(m.s.Table.Name) + ")"
}

func (m mapping) oldIndex(name string) int {
	return slices.IndexFunc(m.s.Old, func(s plans.Side) bool { return s.Name == name })
}

func (m mapping) newIndex(name string) int {
	return slices.IndexFunc(m.s.New, func(s plans.Side) bool { return s.Name == name })
}

// castSQL is the mapping of a retype whose SQL wasn't given.
func castSQL(column, typ string) string { return Quote(column) + "::" + typ }

// castOf recognises it, so that triggers can assign instead of running a query.
func castOf(sql, column, typ string) bool { return sql == castSQL(column, typ) }

// strict: the mapping is the types' own cast both ways. Then a value has a place
// in the old shape only if it comes back as the same bytes: a cast that cuts or
// rounds would lose it silently.
func strict(s *plans.Sync) bool {
	return s.Operation == "change_type" && castOf(s.New[0].SQL, s.Old[0].Name, s.New[0].Type) && castOf(s.Old[0].SQL, s.New[0].Name, s.Old[0].Type)
}

// direct: no mapping runs SQL of a user, so that nothing but types decides what it
// gives.
func direct(s *plans.Sync) bool {
	for _, sd := range append(slices.Clone(s.Old), s.New...) {
		if sd.Plain == "" && !strict(s) {
			return false
		}
	}
	return true
}

// pinned are the settings under which a sync's expressions were judged, and
// under which they run for ever, by whomever.
func pinned(s *plans.Sync) map[string]string {
	out := map[string]string{}
	if text := s.Extra["settings"]; text != "" {
		_ = json.Unmarshal([]byte(text), &out) // made by Resolve
	}
	return out
}

// settingNames lists what decides how text becomes a value and a value text.
var settingNames = []string{"search_path", "TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output"}

// needsSettings: casts between these classes mean the same under any setting.
func needsSettings(s *plans.Sync) bool {
	if !direct(s) {
		return true
	}
	if !strict(s) {
		return false
	}
	plain := []schema.TypeClass{schema.Integer, schema.Decimal, schema.Text, schema.Boolean, schema.UUID}
	return !slices.Contains(plain, s.Old[0].Class) || !slices.Contains(plain, s.New[0].Class)
}

// image compares two values by their stored bytes; NULL equals NULL. The
// functions behind *= and *<> are called by name: between two rows the server takes
// an operator for a comparison column by column.
func image(a, b string) string {
	return "pg_catalog.record_image_eq(ROW(" + a + "), ROW(" + b + "))"
}

func imageDiffers(a, b string) string {
	return "pg_catalog.record_image_ne(ROW(" + a + "), ROW(" + b + "))"
}

// isSet and isNull are NULL tests that look at the value as a whole: on a composite IS NULL
// looks at its fields. The server reads IS DISTINCT FROM a bare NULL this way.
func isSet(x string) string  { return x + " IS DISTINCT FROM NULL" }
func isNull(x string) string { return x + " IS NOT DISTINCT FROM NULL" }
