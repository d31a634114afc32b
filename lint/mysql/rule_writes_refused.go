package mysql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var writesRefused = rule{lint.Rule{
	ID: "writes-refused", Severity: lint.Error, Kind: lint.Client,
	Summary: "statements of running clients that worked before fail from now on",
	Why:     "A trigger that raises an error or writes to a table that isn't there, a view that loses a column, a routine that takes other arguments, a column that becomes generated, a trigger that goes and filled a column that needs a value: the statement itself runs, and clients of the old schema fail.\n\nA foreign key that is added with foreign_key_checks = 0 is a warning: clients whose rows have parents go on, and those that write others fail however the key is added. It is an error where the table that it points at is made by the same file and holds no rows.\n\nChange the clients first.",
	Bad: []lint.Example{{SQL: "CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000';"}, {Schema: "CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a, b FROM t;", SQL: "CREATE OR REPLACE VIEW v AS SELECT a FROM t;"},
		{Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE p (id int PRIMARY KEY);\nSET foreign_key_checks = 0;\nALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id);"}},
	Good: []lint.Example{{SQL: "CREATE TRIGGER yes BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"}, {Schema: "CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a FROM t;", SQL: "CREATE OR REPLACE VIEW v AS SELECT a, b FROM t;"}},
}, func(c *call) {
	for _, why := range c.refusedWrites() {
		c.report(said{message: why, safe: "Change the clients first, and do this in a later release."})
	}
	if c.altered() {
		for _, x := range c.clauses {
			if x.kind == "add key" && x.key.kind == "foreign" && c.unchecked && !c.allNew(c.relation(c.table), x.key) {
				c.uncheckedKey(x.key)
			}
		}
	}
}}

// uncheckedKey is about a foreign key that is added without a look at the rows. Clients whose rows have parents go on, as the servers
// show; those that write a row without one, or delete a parent before its children, fail, and they do so however the key is
// added. It is an error where no row can have a parent: the table that it points at is the file's own, and empty.
func (c *call) uncheckedKey(q key) {
	x := said{severity: lint.Warning, message: "from now on writes of running clients without a parent in " + quoted(q.ref) + " fail" + deletes(q), safe: "-- see that there are none, and that clients write none, before:\nSELECT … FROM " + quoted(c.table) + " c LEFT JOIN " + quoted(q.ref) + " p ON … WHERE p.… IS NULL;"}
	if p := c.relation(q.ref); p != nil && p.Fresh && !p.New["rows"] {
		x.severity, x.message = lint.Error, quoted(q.ref)+" is new and has no rows: every write of running clients that names "+parts(q)+" fails"
	}
	c.report(x)
}

// deletes: what the key does when a parent goes.
func deletes(q key) string {
	if q.onDelete == "CASCADE" || q.onDelete == "SET NULL" {
		return ""
	}
	return ", and so do deletes of parents that have children"
}

func (c *call) refusedWrites() []string {
	switch c.verb {
	case "CREATE VIEW", "ALTER VIEW":
		k := c.relation(c.table)
		if why := c.unknownDefiner(); why != "" && c.replace && k != nil && !k.Fresh {
			return []string{why}
		}
		return c.lostColumns()
	case "CREATE ROUTINE":
		if why := c.unknownDefiner(); why != "" && c.word == "TRIGGER" && c.live(c.table) {
			return []string{why}
		}
		if c.word == "TRIGGER" {
			return c.newTrigger()
		}
		return c.otherArguments()
	case "DROP TRIGGER":
		if k, t := c.findTrigger(lastName(c.name)); t != nil && !k.Fresh && !k.New["trigger "+lower(t.Name)] && !c.comesBack("trigger", t.Name) {
			return c.unfilled(k, t)
		}
	case "CREATE SEQUENCE":
		if c.replace && c.live(c.table) && !c.missing(c.table) && beginsLow(c.relation(c.table), c.s.Text) {
			return []string{"the sequence " + quoted(c.table) + " begins anew and gives numbers again that it has given: INSERTs of running clients fail on their key"}
		}
	case "ALTER SEQUENCE":
		if k := c.relation(c.table); c.live(c.table) && !c.missing(c.table) && restartsLow(k, c.body) {
			return []string{"the sequence " + quoted(c.table) + " gives numbers again that it has given: INSERTs of running clients fail on their key"}
		}
	case "SET":
		u := strings.ToUpper(strings.Join(strings.Fields(strings.ReplaceAll(c.body, "=", " = ")), " "))
		if (strings.HasPrefix(u, "GLOBAL") || strings.HasPrefix(u, "PERSIST") || strings.HasPrefix(u, "@@GLOBAL")) && (strings.Contains(u, "READ_ONLY") || strings.Contains(u, "OFFLINE_MODE")) && !strings.Contains(u, "TRANSACTION") && !strings.Contains(u, "= 0") && !strings.Contains(u, "= OFF") && !strings.Contains(u, "= FALSE") {
			return []string{"running clients fail while the server is read-only or offline"}
		}
	}
	if !c.altered() {
		return nil
	}
	return c.alteredWrites()
}

func (c *call) alteredWrites() []string {
	var out []string
	k := c.relation(c.table)
	for _, x := range c.clauses {
		was := k.Column(x.name)
		switch {
		case (x.kind == "modify" || x.kind == "change") && was != nil && was.Generated == "" && x.column.generated != "":
			out = append(out, quote(x.name)+" becomes generated: writes of running clients that name it fail")
		case x.kind == "add column" && x.column.checkOf != "" && x.column.hasDef && c.defaultRefused(x.column):
			out = append(out, "the CHECK of "+quote(x.name)+" refuses its own default: INSERTs of running clients fail")
		case x.kind == "add column" && c.maria && x.column.typ.name == "json" && x.column.hasDef && c.unfit(x.column.typ, x.column.def) != "":
			out = append(out, "the default of "+quote(x.name)+" isn't JSON, which the column checks: INSERTs of running clients fail")
		case x.kind == "option" && x.name == "auto_increment" && lastNumber(k, x.value):
			out = append(out, "AUTO_INCREMENT = "+x.value+" is the last number that the column takes: INSERTs of running clients behind it fail")
		case x.kind == "set default" && was != nil && was.Identity == "auto_increment":
			out = append(out, quote(x.name)+" gets the same value in each row instead of a number of its own: INSERTs of running clients fail")
		case x.kind == "drop primary" && k != nil && !c.addsPrimary():
			if child := c.child(k, nil); child != "" {
				out = append(out, "the foreign key of "+child+" finds no parents any more without the primary key")
			}
		}
	}
	return out
}

func (c *call) addsPrimary() bool {
	return c.any(func(x clause) bool { return x.kind == "add key" && x.key.kind == "primary" || x.column.primary })
}

// defaultRefused compares a default that is a number with a CHECK of one comparison.
func (c *call) defaultRefused(col column) bool {
	t := Syntax.Tokens(col.checkOf)
	for len(t) > 2 && t[0].Is("(") && matching(t) == len(t)-1 {
		t = t[1 : len(t)-1]
	}
	if len(t) < 3 || t[len(t)-1].Kind != lint.Number || !same(t[0].Value(), col.name) {
		return false
	}
	var a, b float64
	if n, _ := fmt.Sscan(strings.Trim(col.def, "'"), &a); n == 0 {
		return false
	}
	if n, _ := fmt.Sscan(t[len(t)-1].Text, &b); n == 0 {
		return false
	}
	op := ""
	for _, x := range t[1 : len(t)-1] {
		op += x.Text
	}
	switch op {
	case ">":
		return a <= b
	case ">=":
		return a < b
	case "<":
		return a >= b
	case "<=":
		return a > b
	case "=":
		return a != b
	case "<>", "!=":
		return a == b
	}
	return false
}

// lostColumns are columns that a view had and has no more.
func (c *call) lostColumns() []string {
	k := c.relation(c.table)
	if k == nil || k.Kind != "view" || k.Fresh || c.verb == "CREATE VIEW" && !c.replace || c.ifNotExists {
		return nil
	}
	old, ok := c.result(readQuery(k.Options["definition"]))
	fresh, ok2 := c.result(readQuery(c.body))
	if !ok || !ok2 {
		return nil
	}
	var out []string
	for _, n := range old {
		if n != "" && !holds(fresh, n) && !holds(fresh, "") {
			out = append(out, "running clients that name "+quoted(c.table)+"."+quote(n)+" fail")
		}
	}
	return out
}

func (c *call) newTrigger() []string {
	if !c.live(c.table) {
		return nil
	}
	var out []string
	t := Syntax.Tokens(c.body)
	_, event, _ := strings.Cut(c.value, " ")
	written := ""
	for i, x := range t {
		switch {
		case x.Is("SIGNAL"):
			out = append(out, "writes of running clients for which the trigger raises its error fail")
			return out
		case x.Kind == lint.Word && i+1 < len(t):
			written = target(t, i)
		}
		if written == "" {
			continue
		}
		id := schema.Ident{Name: written}
		if same(written, c.table.Name) {
			out = append(out, "every "+event+" of running clients fails: a trigger can't write to its own table")
		} else if c.missing(id) {
			out = append(out, "every "+event+" of running clients fails: there is no table "+quote(written))
		}
		written = ""
	}
	if why := c.absentFunction(t); why != "" {
		out = append(out, "every "+event+" of running clients fails: "+why)
	}
	for _, id := range readTables(t) {
		if c.missing(id) {
			out = append(out, "every "+event+" of running clients fails: there is no table "+quoted(id))
		}
	}
	return append(append(out, c.refusedInside(t, event)...), c.refusedAssignment(t)...)
}

// refusedInside are statements of a trigger's body that the schema refuses for certain: each write that fires it fails.
func (c *call) refusedInside(t []lint.Token, event string) []string {
	var out []string
	for i := range t {
		if !opens(t, i) || !(t[i].Is("INSERT") || t[i].Is("REPLACE") || t[i].Is("UPDATE") || t[i].Is("DELETE") || t[i].Is("CALL")) {
			continue
		}
		end := i
		for end < len(t) && !t[end].Is(";") {
			end++
		}
		text := c.body[t[i].Start:t[end-1].End]
		p, err := read(text)
		if err != nil {
			continue
		}
		inner := &call{judge: c.judge, statement: p, s: lint.Statement{Text: text}}
		for _, why := range inner.refusedRow() {
			out = append(out, "every "+event+" of running clients fails: in the trigger "+why)
		}
		if (p.verb == "UPDATE" || p.verb == "DELETE") && len(p.where) == 0 && !p.limited && !p.joined && c.live(p.table) {
			out = append(out, "every "+event+" of running clients writes to every row of "+quoted(p.table)+", and waits for each of them")
		}
		if p.verb == "CALL" {
			for _, why := range inner.namedState() {
				out = append(out, "every "+event+" of running clients fails: "+why)
			}
		}
		if why := inner.sameAgain(c, event); why != "" && !after(t, "IF", "CASE", "HANDLER", "DELETE") { // which may keep it from it
			out = append(out, why)
		}
	}
	return out
}

// refusedAssignment is a value that a trigger gives to a column that doesn't take it.
func (c *call) refusedAssignment(t []lint.Token) []string {
	k := c.relation(c.table)
	for i := 1; i+4 < len(t) && whole(k); i++ {
		if !t[i-1].Is("SET") && !t[i-1].Is(",") || !t[i].Is("NEW") || !t[i+1].Is(".") || !t[i+3].Is("=") {
			continue
		}
		end := i + 4
		for end < len(t) && !t[end].Is(";") {
			end++
		}
		value := cutBy(t[i+4:end], ",")[0]
		if col := k.Column(t[i+2].Value()); len(value) == 0 || col == nil || col.Generated != "" { // what is given to a generated column is left
			continue
		}
		text := c.body[value[0].Start:value[len(value)-1].End]
		if n := len(value); n > 1 && value[0].Kind != lint.Word && !value[0].Is("-") {
			continue // an expression that isn't one value
		}
		name := t[i+2].Value()
		why := c.refusedValue(k, name, text)
		switch {
		case why == "" && plainValue(text) && uniqueAlone(k, name) && !after(t[:i], "IF", "CASE"):
			why = "every row gets the same value in " + quote(name) + ", which is unique"
		case why == "":
			why = nullGiven(k, name, value)
		}
		if why != "" {
			return []string{"writes of running clients for which the trigger does so fail: " + why}
		}
	}
	return nil
}

// nullGiven: a column that is NOT NULL gets what stands in one that may be NULL.
func nullGiven(k *lint.Relation, name string, value []lint.Token) string {
	if len(value) != 3 || !value[1].Is(".") || !value[0].Is("NEW") && !value[0].Is("OLD") {
		return ""
	}
	from, to := k.Column(value[2].Value()), k.Column(name)
	if from == nil || to == nil || to.Nullable || !from.Nullable || to.Identity != "" {
		return ""
	}
	return quote(from.Name) + " may be NULL, and " + quote(name) + " is NOT NULL"
}

// target is the table that a statement writes to which begins at a token.
func target(t []lint.Token, i int) string {
	if i > 0 && !t[i-1].Is(";") && !t[i-1].Is("BEGIN") && !t[i-1].Is("THEN") && !t[i-1].Is("ELSE") && !t[i-1].Is("DO") {
		return ""
	}
	k := i + 1
	switch {
	case t[i].Is("INSERT"), t[i].Is("REPLACE"), t[i].Is("DELETE"):
		for k < len(t) && (t[k].Is("IGNORE") || t[k].Is("INTO") || t[k].Is("FROM") || t[k].Is("LOW_PRIORITY")) {
			k++
		}
	case t[i].Is("UPDATE"):
		if k < len(t) && t[k].Is("IGNORE") {
			k++
		}
	default:
		return ""
	}
	if k >= len(t) || k+1 < len(t) && t[k+1].Is(".") || !ident(t[k]) {
		return ""
	}
	return t[k].Value()
}

// otherArguments: a routine that is there is made anew with another number of arguments.
func (c *call) otherArguments() []string {
	r := c.routine(c.name)
	if r == nil || r.Fresh || !c.replace {
		return nil
	}
	if a, b := arguments(r.Options["definition"]), arguments(c.body); a >= 0 && b >= 0 && a != b {
		return []string{fmt.Sprintf("running clients that call %s with %d arguments fail", quote(c.name), a)}
	}
	return nil
}

// unfilled are columns that only a trigger gives a value.
func (c *call) unfilled(k *lint.Relation, t *schema.Trigger) []string {
	if t.Timing != "BEFORE" || t.Event != "INSERT" {
		return nil
	}
	var out []string
	for _, col := range k.Columns {
		if !col.Nullable && col.Default == nil && col.Identity == "" && col.Generated == "" && sets(t.Body, col.Name) && !givenByClient(t.Body, col.Name) {
			out = append(out, "only the trigger gives "+quoted(k.Ident)+"."+quote(col.Name)+" a value, which is NOT NULL: INSERTs of running clients fail")
		}
	}
	return out
}

// restartsLow: RESTART goes back to the start, or before it.
func restartsLow(k *lint.Relation, body string) bool {
	t := Syntax.Tokens(body)
	for i := range t {
		if !t[i].Is("RESTART") {
			continue
		}
		n, given := numberBehind(t, i)
		if !given || k == nil {
			return true
		}
		first := 1.0
		s := Syntax.Tokens(k.Options["definition"])
		for at := range s {
			if s[at].Is("START") {
				first, _ = numberBehind(s, at)
			}
		}
		return n <= first
	}
	return false
}

// beginsLow: a sequence that is made anew begins where the old one did, or before.
func beginsLow(k *lint.Relation, definition string) bool {
	first := func(text string) float64 {
		t := Syntax.Tokens(text)
		for i := range t {
			if t[i].Is("START") {
				n, _ := numberBehind(t, i)
				return n
			}
		}
		return 1
	}
	return k == nil || first(definition) <= first(k.Options["definition"])
}

// last are the largest numbers of integer types, signed and unsigned.
var last = map[string][2]uint64{"tinyint": {1<<7 - 1, 1<<8 - 1}, "smallint": {1<<15 - 1, 1<<16 - 1}, "mediumint": {1<<23 - 1, 1<<24 - 1}, "int": {1<<31 - 1, 1<<32 - 1}}

// lastNumber: the column that is numbered has no number behind this one.
func lastNumber(k *lint.Relation, value string) bool {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || k == nil {
		return false
	}
	for _, col := range k.Columns {
		if t, ok := parseType(col.Type); ok && col.Identity == "auto_increment" {
			top, known := last[t.name]
			return known && (n >= top[1] || !t.unsigned && n >= top[0])
		}
	}
	return false
}

// numberBehind is the number behind a word and WITH, BY or =.
func numberBehind(t []lint.Token, i int) (float64, bool) {
	sign := 1.0
	for k := i + 1; k < len(t) && k < i+4; k++ {
		var n float64
		switch _, err := fmt.Sscan(t[k].Text, &n); {
		case t[k].Kind == lint.Number && err == nil:
			return sign * n, true
		case t[k].Is("-"):
			sign = -1
		case !t[k].Is("WITH") && !t[k].Is("BY") && !t[k].Is("="):
			return 0, false
		}
	}
	return 0, false
}

// givenByClient: the value that a body gives to NEW.column is made of what the client gave.
func givenByClient(body, column string) bool {
	t := Syntax.Tokens(body)
	n := 0
	for i := 0; i+2 < len(t); i++ {
		if t[i].Is("NEW") && t[i+1].Is(".") && same(t[i+2].Value(), column) {
			n++
		}
	}
	return n > 1 && !after(t, "COALESCE", "IFNULL", "NULL", "IF")
}

// sets reports whether a body writes NEW.column.
func sets(body, column string) bool {
	t := Syntax.Tokens(body)
	for i := 0; i+3 < len(t); i++ {
		if t[i].Is("NEW") && t[i+1].Is(".") && same(t[i+2].Value(), column) && (t[i+3].Is("=") || t[i+3].Is(":")) {
			return true
		}
	}
	return false
}
