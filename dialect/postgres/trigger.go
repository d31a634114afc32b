package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// markSetting names the setting by which a session says that it is the backfill
// of a plan, whose writes must not be mapped back.
const markSetting = "phasemig.backfill"

// bounds of the integer types, for the values that don't fit back.
var bounds = map[string][2]string{
	"smallint": {"-32768", "32767"},
	"integer":  {"-2147483648", "2147483647"},
	"bigint":   {"-9223372036854775808", "9223372036854775807"},
}

// syncFunction is the name of the function that keeps both sides in step.
func syncFunction(s *plans.Sync) string {
	return relation(schema.Ident{Schema: stateSchema, Name: s.Trigger})
}

// recorder is the name of the function that writes down a row that can't go back.
func recorder(s *plans.Sync) string {
	return relation(schema.Ident{Schema: stateSchema, Name: s.Trigger + "_record"})
}

// triggerBody is the function's text for the names that the columns have.
//
// INSERT: a new column that was given wins. UPDATE: the side whose bytes changed
// wins, the new one if both did. The two are never left different.
func triggerBody(m mapping, planID string) string {
	s := m.s
	var b strings.Builder
	b.WriteString("\n#variable_conflict use_column\n")
	if v := m.variables(); v != "" {
		b.WriteString("DECLARE\n" + v)
	}
	fmt.Fprintf(&b, "BEGIN\n  IF TG_OP = 'INSERT' THEN\n    IF %s THEN\n%s    ELSE\n%s    END IF;\n", m.anyNewGiven(), m.downBlock(planID, "      "), m.upBlock("      "))
	fmt.Fprintf(&b, "  ELSIF %s THEN\n%s", m.newChanged(), m.downBlock(planID, "    "))
	fmt.Fprintf(&b, "  ELSIF %s THEN\n%s  END IF;\n  RETURN NEW;\nEND\n", m.changed(append(m.olds(), s.Reads...)), m.upBlock("    "))
	return b.String()
}

func (m mapping) anyNewGiven() string {
	var out []string
	for _, n := range m.news() {
		out = append(out, isSet("NEW."+Quote(n)))
	}
	return strings.Join(out, " OR ")
}

func (m mapping) changed(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, imageDiffers("NEW."+Quote(n), "OLD."+Quote(n)))
	}
	return strings.Join(out, " OR ")
}

// newChanged counts a row whose key moves while its old side is empty: its record
// stands under the old key.
func (m mapping) newChanged() string {
	out := m.changed(m.news())
	if !m.records() {
		return out
	}
	var keys, empty []string
	for _, k := range m.s.Key {
		keys = append(keys, k.Name)
	}
	for _, o := range m.olds() {
		empty = append(empty, isNull("NEW."+Quote(o)))
	}
	return fmt.Sprintf("%s OR (%s) AND (%s)", out, m.changed(keys), strings.Join(empty, " AND "))
}

func (m mapping) records() bool { return m.s.Fallible && m.s.OnUnreturnable == "record" }

// upBlock refuses a NULL of old code where the old column is NOT NULL but had to
// be relaxed: what was an error stays one.
func (m mapping) upBlock(indent string) string {
	var b strings.Builder
	for i, o := range m.s.Old {
		if o.NotNull && m.records() {
			fmt.Fprintf(&b, "%sIF %s THEN\n%s  RAISE not_null_violation USING MESSAGE = %s, COLUMN = %s, TABLE = %s;\n%sEND IF;\n", indent, isNull("NEW."+Quote(m.old(i))), indent,
				literal(fmt.Sprintf("null value in column %s of relation %s violates not-null constraint", Quote(o.Name), Quote(m.s.Table.Name))), literal(o.Name), literal(m.s.Table.Name), indent)
		}
	}
	for i := range m.s.New {
		fmt.Fprintf(&b, "%sNEW.%s := %s;\n", indent, Quote(m.new(i)), m.assigned(m.up(i, "NEW."), "NEW."+Quote(m.old(0)), m.s.New[i].Class))
	}
	return b.String()
}

// assigned leaves the cast to the assignment where the target is text in a strict
// mapping: an explicit cast would cut what doesn't fit, an assignment says so.
func (m mapping) assigned(expr, other string, target schema.TypeClass) string {
	if strict(m.s) && target == schema.Text {
		return other
	}
	return expr
}

// downs also puts the fill in place of a NULL that somebody writes under the
// exchanged name: code that doesn't know yet that the column is to be NOT NULL.
func (m mapping) downs(indent string) string {
	var b strings.Builder
	for i := range m.s.Old {
		fmt.Fprintf(&b, "%sNEW.%s := %s;\n", indent, Quote(m.old(i)), m.assigned(m.down(i, "NEW."), "NEW."+Quote(m.new(0)), m.s.Old[i].Class))
	}
	if n := "NEW." + Quote(m.new(0)); m.s.Operation == "set_not_null" && m.s.New[0].Plain == "" {
		fmt.Fprintf(&b, "%sIF %s THEN\n%s  %s := %s;\n%sEND IF;\n", indent, isNull(n), indent, n, m.up(0, "NEW."), indent)
	}
	return b.String()
}

// downBlock fills the old side. Where that can fail the failure never reaches the
// application, unless the plan says "reject": the old side is left NULL and the
// key recorded. Integers are told by their bounds, which costs no subtransaction.
func (m mapping) downBlock(planID, indent string) string {
	if !m.s.Fallible {
		return m.downs(indent)
	}
	misfit := m.misfit(planID, indent+"  ")
	if test, ok := m.fits(); ok {
		return fmt.Sprintf("%sIF %s THEN\n%s%sELSE\n%s%sEND IF;\n", indent, test, m.downs(indent+"  "), indent, misfit, indent)
	}
	return fmt.Sprintf("%sBEGIN\n%s%s%sEXCEPTION WHEN data_exception OR integrity_constraint_violation OR raise_exception OR cannot_coerce THEN\n%s%sEND;\n", indent,
		m.downs(indent+"  "), m.checks(indent+"  "), indent, misfit, indent)
}

// fits is a test without a subtransaction, where one is known.
func (m mapping) fits() (string, bool) {
	if !strict(m.s) || m.s.Old[0].Class != schema.Integer || m.s.New[0].Class != schema.Integer {
		return "", false
	}
	b, ok := bounds[m.s.Old[0].Type]
	if !ok {
		return "", false
	}
	n := "NEW." + Quote(m.new(0))
	null := isNull(n)
	if m.s.Old[0].NotNull {
		null = "false"
	}
	return fmt.Sprintf("%s OR %s BETWEEN %s AND %s", null, n, b[0], b[1]), true
}

func (m mapping) variables() string {
	if !strict(m.s) || !m.s.Fallible {
		return ""
	}
	if _, ok := m.fits(); ok {
		return ""
	}
	return fmt.Sprintf("  phasemig_back %s;\n", m.s.New[0].Type)
}

// checks raise where a value was taken but isn't the value that was given.
func (m mapping) checks(indent string) string {
	var b strings.Builder
	if strict(m.s) {
		fmt.Fprintf(&b, "%sphasemig_back := NEW.%s;\n%sIF %s THEN\n%s  RAISE data_exception;\n%sEND IF;\n", indent, Quote(m.old(0)), indent,
			imageDiffers("phasemig_back", "NEW."+Quote(m.new(0))), indent, indent)
	}
	for _, c := range oldChecks(m.s) {
		bind := map[string]string{}
		for _, n := range c.Columns {
			bind[n] = n
		}
		for i, o := range m.s.Old {
			bind[o.Name] = m.old(i)
		}
		fmt.Fprintf(&b, "%sIF %s IS FALSE THEN\n%s  RAISE check_violation;\n%sEND IF;\n", indent, m.bound(c.SQL, "NEW.", bind), indent, indent)
	}
	for i, o := range m.s.Old {
		if o.NotNull {
			fmt.Fprintf(&b, "%sIF %s THEN\n%s  RAISE not_null_violation;\n%sEND IF;\n", indent, isNull("NEW."+Quote(m.old(i))), indent, indent)
		}
	}
	return b.String()
}

func (m mapping) misfit(planID, indent string) string {
	if !m.records() {
		return fmt.Sprintf("%sRAISE data_exception USING MESSAGE = %s, HINT = %s;\n", indent,
			literal(fmt.Sprintf("the value has no place in the old form of column %s of %s, which is kept in step until the change is contracted", Quote(m.s.Old[0].Name), m.s.Table)),
			literal("phasemig "+planID+": the plan says on_unreturnable: reject"))
	}
	var b strings.Builder
	for _, o := range m.olds() {
		fmt.Fprintf(&b, "%sNEW.%s := NULL;\n", indent, Quote(o))
	}
	var args []string
	for _, k := range m.s.Key {
		args = append(args, "NEW."+Quote(k.Name))
	}
	fmt.Fprintf(&b, "%sPERFORM %s(%s);\n", indent, recorder(m.s), strings.Join(args, ", "))
	return b.String()
}

// createFunction makes or replaces the trigger's function.
func createFunction(m mapping, planID string) string {
	sets := ""
	for _, n := range sortedKeys(pinned(m.s)) {
		sets += fmt.Sprintf(" SET %s TO %s", n, settingValue(n, pinned(m.s)[n]))
	}
	return fmt.Sprintf("CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql%s AS %s", syncFunction(m.s), sets, body(triggerBody(m, planID)))
}

// settingValue: a search_path is a list of names that are quoted already.
func settingValue(name, value string) string {
	if name == "search_path" {
		return value
	}
	return literal(value)
}

// createRecorder makes the function that records a key with the rights of its
// owner: whoever writes rows has none on phasemig's tables. Its settings are
// pinned so that a key has one text, the same that columns.go makes of it.
func createRecorder(s *plans.Sync, planID string, sync int) string {
	var params, args []string
	for i, k := range s.Key {
		params = append(params, k.Type)
		args = append(args, fmt.Sprintf("$%d::text", i+1))
	}
	key := fmt.Sprintf("json_build_array(%s)::text", strings.Join(args, ", "))
	text := fmt.Sprintf(`
INSERT INTO %s (run, sync, relation, row_key, key_digest, at)
SELECT %s, %d, %s, k.t, encode(sha256(convert_to(k.t, 'UTF8')), 'hex'), clock_timestamp() FROM (SELECT %s AS t) AS k
ON CONFLICT (run, sync, key_digest) DO UPDATE SET at = excluded.at
`, relation(schema.Ident{Schema: stateSchema, Name: "unreturnable"}), literal(planID), sync, literal(s.Table.String()), key)
	return fmt.Sprintf("CREATE OR REPLACE FUNCTION %s(%s) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path TO pg_catalog, pg_temp%s AS %s",
		recorder(s), strings.Join(params, ", "), keySettings(s), body(text))
}

// keyText are the settings under which keys are written as text. Where a plan
// pins one of them for its expressions, that value serves for keys too: one
// session has to serve both.
var keyText = map[string]string{"TimeZone": "UTC", "DateStyle": "ISO, MDY", "IntervalStyle": "postgres", "extra_float_digits": "1", "bytea_output": "hex"}

func textSettings(s *plans.Sync) map[string]string {
	out := maps.Clone(keyText)
	for n, v := range pinned(s) {
		if _, ok := keyText[n]; ok {
			out[n] = v
		}
	}
	return out
}

func keySettings(s *plans.Sync) string {
	out := ""
	set := textSettings(s)
	for _, n := range sortedKeys(set) {
		out += " SET " + n + " TO " + literal(set[n])
	}
	return out
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
