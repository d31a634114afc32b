package mysql

import (
	"cmp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	syntax "github.com/phasemig/phasemig/lint/mysql"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// Translate is the migration.Translator of these servers. Clauses are taken over as they were written: most changes are
// an ALTER TABLE here, done natively or on a shadow.
func Translate(s *migration.Statement) (migration.Part, error) {
	t := translation{s: s, text: migration.NewText(s.Text, syntax.Syntax)}
	if strings.Contains(s.Text, "/*!") || strings.Contains(s.Text, "/*M!") {
		return t.part, s.Refuse(0, "write it without the comment", "code in a comment that only some servers run can't be judged")
	}
	err := t.statement()
	return t.part, err
}

// translation turns one statement into items.
type translation struct {
	s    *migration.Statement
	text migration.Text
	part migration.Part
}

const alone = "let the migration tool run it by itself, and plan the others"

func (t *translation) statement() error {
	x := t.text
	switch {
	case x.At(0, "ALTER"):
		return t.alterTable()
	case x.At(0, "CREATE"):
		return t.create()
	case x.At(0, "DROP"):
		return t.drop()
	case x.At(0, "SET"):
		return t.settings()
	case x.At(0, "START", "TRANSACTION"), x.At(0, "BEGIN"), x.At(0, "COMMIT"):
		return nil // each step has its own
	case x.At(0, "RENAME"):
		return t.renameTables()
	case x.At(0, "INSERT"), x.At(0, "UPDATE"), x.At(0, "DELETE"), x.At(0, "REPLACE"):
		return t.rows()
	}
	return t.s.Refuse(0, alone, "no operation of phasemig does this: %s", t.head())
}

// head is the beginning of a statement, which says what it is.
func (t *translation) head() string {
	s := t.text.Slice(0, min(3, len(t.text.Tokens)))
	if len(t.text.Tokens) > 3 {
		s += " …"
	}
	return s
}

func (t *translation) at(token int) int {
	if token >= len(t.text.Tokens) {
		return len(t.s.Text)
	}
	return t.text.Tokens[token].Start
}

// unread says where the reader stopped.
func (t *translation) unread(token int, wanted string) error {
	return t.s.Unread(t.at(token), "%s was expected", wanted)
}

// table reads a table's name, with its database.
func (t *translation) table(i int) (string, int, error) {
	at := i
	first, _, i := t.text.Name(i)
	if t.text.At(i, ".") {
		var second string
		if second, _, i = t.text.Name(i + 1); strings.Contains(first+second, ".") {
			return "", i, t.s.Refuse(t.at(at), "", "a name with a dot in it can't be written in a change")
		}
		return first + "." + second, i, nil
	}
	if first == "" {
		return "", i, t.unread(at, "a table's name")
	}
	if strings.Contains(first, ".") {
		return "", i, t.s.Refuse(t.at(at), "", "a name with a dot in it can't be written in a change")
	}
	return first, i, nil
}

// rows: what a tool writes into its own tables is its own affair.
func (t *translation) rows() error {
	for i := 1; i < len(t.text.Tokens) && i < 4; i++ {
		if n, _, _ := t.text.Name(i); migration.OfTool(n) {
			t.part.Left = "left to the migration tool: its own table " + n
			return nil
		}
	}
	return t.s.Refuse(0, "a column that is filled from others is rename_column or split_column with up and down, or set_not_null with fill; else "+alone, "rows are changed")
}

// settings: SET a = 1, b = 2.
func (t *translation) settings() error {
	for _, cut := range t.text.Split(1, len(t.text.Tokens)) {
		i := cut[0]
		for t.text.At(i, "SESSION") || t.text.At(i, "LOCAL") || t.text.At(i, "@@SESSION") || t.text.At(i, "@@LOCAL") || t.text.At(i, ".") {
			i++
		}
		name, _, _ := t.text.Name(i)
		name = strings.TrimPrefix(name, "@@")
		value, _, _ := t.text.Name(i + 1)
		utf8 := strings.EqualFold(name, "NAMES") && strings.HasPrefix(strings.ToLower(strings.Trim(value, "'")), "utf8")
		if !utf8 && !migration.Harmless(name) {
			return t.s.Refuse(t.at(cut[0]), "take it out, or let the migration tool run the file", "SET %s can change what the statements behind it mean", name)
		}
	}
	return nil
}

func (t *translation) create() error {
	i := 1
	kind := ""
	for _, w := range []string{"UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"} {
		if t.text.At(i, w) {
			kind, i = w+" ", i+1
		}
	}
	switch {
	case t.text.At(i, "INDEX"):
		return t.createIndex(kind, i+1)
	case t.text.At(i, "TABLE"):
		return t.createTable(t.text.Skip(i+1, "IF", "NOT", "EXISTS"))
	}
	return t.s.Refuse(0, alone, "no operation of phasemig does this: %s", t.head())
}

// createIndex makes the clause of an ALTER TABLE.
func (t *translation) createIndex(kind string, i int) error {
	i = t.text.Skip(i, "IF", "NOT", "EXISTS")
	name, _, behind := t.text.Name(i)
	on := t.text.Find(behind, len(t.text.Tokens), "ON")
	if on < 0 {
		return t.unread(behind, "ON")
	}
	table, from, err := t.table(on + 1)
	if err != nil {
		return err
	}
	if !t.text.At(from, "(") {
		return t.unread(from, "(")
	}
	using := t.text.Slice(behind, on)
	if using != "" {
		using += " "
	}
	sql := "ADD " + kind + "INDEX " + t.text.Slice(i, behind) + " " + using + t.text.Slice(from, t.withoutHow(from))
	t.clause(0, table, sql, "", "", "index "+strings.ToLower(name))
	return nil
}

// withoutHow is the token at which ALGORITHM and LOCK begin: how a change is done is decided by the plan.
func (t *translation) withoutHow(from int) int {
	end := len(t.text.Tokens)
	for _, w := range []string{"ALGORITHM", "LOCK"} {
		if i := t.text.Find(from, end, w); i >= 0 {
			end = i
		}
	}
	return end
}

func (t *translation) clause(token int, table, sql, adds, drops string, objects ...string) {
	t.part.Items = append(t.part.Items, migration.Item{At: t.s.Start + t.at(token), Table: table, Clause: sql, Adds: adds, Drops: drops, Objects: objects})
}

func (t *translation) drop() error {
	if !t.text.At(1, "INDEX") {
		if t.text.At(1, "TABLE") {
			return t.dropTables(t.text.Skip(2, "IF", "EXISTS"))
		}
		return t.s.Refuse(0, alone, "no operation of phasemig does this: %s", t.head())
	}
	i := t.text.Skip(2, "IF", "EXISTS")
	name, _, behind := t.text.Name(i)
	if !t.text.At(behind, "ON") {
		return t.unread(behind, "ON")
	}
	table, _, err := t.table(behind + 1)
	if err != nil {
		return err
	}
	t.clause(0, table, "DROP INDEX "+t.text.Slice(i, behind), "", "", "index "+strings.ToLower(name))
	return nil
}

// alterTable takes each clause over.
func (t *translation) alterTable() error {
	i := 1
	for t.text.At(i, "ONLINE") || t.text.At(i, "IGNORE") {
		if t.text.At(i, "IGNORE") {
			return t.s.Refuse(t.at(i), "leave it out", "IGNORE throws rows away")
		}
		i++
	}
	if !t.text.At(i, "TABLE") {
		return t.s.Refuse(0, alone, "no operation of phasemig does this: %s", t.head())
	}
	table, from, err := t.table(t.text.Skip(i+1, "IF", "EXISTS"))
	if err != nil {
		return err
	}
	if from >= len(t.text.Tokens) {
		return t.unread(from, "a clause")
	}
	for _, cut := range t.text.Split(from, len(t.text.Tokens)) {
		if err := t.alterClause(table, cut[0], cut[1]); err != nil {
			return err
		}
	}
	if _, ok := t.s.Says(migration.Alter); ok {
		t.asOne(table)
	}
	return nil
}

// asOne makes one ALTER TABLE of all clauses, renames of columns included.
func (t *translation) asOne(table string) {
	one := migration.Item{At: t.s.Start, Table: table}
	var clauses []string
	for _, i := range t.part.Items {
		clauses = append(clauses, cmp.Or(i.Clause, renameClause(i.Operation.RenameColumn)))
		one.Drops = cmp.Or(one.Drops, i.Drops)
		one.Objects = append(one.Objects, i.Objects...)
	}
	one.Clause = strings.Join(clauses, ", ")
	t.part.Items = []migration.Item{one}
}

func renameClause(r *plans.RenameColumn) string {
	if r == nil {
		return ""
	}
	return "RENAME COLUMN " + quote(r.From) + " TO " + quote(r.To)
}

func (t *translation) alterClause(table string, from, to int) error {
	x, sql := t.text, t.text.Slice(from, to)
	column := func(i int, exists ...string) (string, int) {
		i = x.Skip(x.Skip(i, "COLUMN"), exists...)
		n, _, next := x.Name(i)
		return n, next
	}
	switch {
	case from >= to:
		return t.unread(from, "a clause")
	case x.At(from, "ALGORITHM"), x.At(from, "LOCK"):
		return nil // the plan decides how it is done
	case x.At(from, "RENAME", "COLUMN"):
		return t.renameColumn(table, from)
	case x.At(from, "RENAME", "INDEX"), x.At(from, "RENAME", "KEY"):
		t.clause(from, table, sql, "", "")
	case x.At(from, "RENAME"):
		return t.renameTable(table, from, to)
	case x.At(from, "CHANGE"):
		return t.change(table, from, to)
	case x.At(from, "MODIFY"):
		n, _ := column(from+1, "IF", "EXISTS")
		t.clause(from, table, sql, "", "", "column "+strings.ToLower(n))
	case x.At(from, "ADD") && !t.notColumn(from+1) && !x.At(x.Skip(from+1, "COLUMN"), "("):
		n, _ := column(from+1, "IF", "NOT", "EXISTS")
		t.clause(from, table, sql, n, "", "column "+strings.ToLower(n))
	case x.At(from, "DROP") && !t.notColumn(from+1):
		n, _ := column(from+1, "IF", "EXISTS")
		t.clause(from, table, sql, "", n, "column "+strings.ToLower(n))
	case x.At(from, "DROP", "INDEX"), x.At(from, "DROP", "KEY"):
		n, _, _ := x.Name(x.Skip(from+2, "IF", "EXISTS"))
		t.clause(from, table, sql, "", "", "index "+strings.ToLower(n))
	case x.At(from, "DROP", "CHECK"), x.At(from, "DROP", "CONSTRAINT"), x.At(from, "DROP", "FOREIGN", "KEY"):
		t.clause(from, table, sql, "", "")
		t.part.Items[len(t.part.Items)-1].Alone = true
	case x.At(from, "ALTER", "INDEX"), x.At(from, "ALTER", "CHECK"), x.At(from, "ALTER", "CONSTRAINT"):
		t.clause(from, table, sql, "", "")
	case x.At(from, "ALTER"):
		n, _ := column(from + 1)
		t.clause(from, table, sql, "", "", "column "+strings.ToLower(n))
	case x.Tokens[from].Kind != lint.Word:
		return t.unread(from, "a clause")
	default:
		t.clause(from, table, sql, "", "")
	}
	return nil
}

// asWritten: a comment asks for the statement as it is.
func (t *translation) asWritten() bool {
	return slices.ContainsFunc(t.s.Intents, func(n *migration.Intent) bool { return n.Word == migration.Alter })
}

// notColumn: what is added or dropped is no column.
func (t *translation) notColumn(i int) bool {
	return slices.ContainsFunc(notColumns, func(w string) bool { return t.text.At(i, w) })
}

func (t *translation) renameColumn(table string, from int) error {
	old, _, i := t.text.Name(t.text.Skip(from+2, "IF", "EXISTS"))
	if !t.text.At(i, "TO") {
		return t.unread(i, "TO")
	}
	to, _, _ := t.text.Name(i + 1)
	r := &plans.RenameColumn{Table: table, From: old, To: to}
	r.Up, _ = t.s.Says(migration.Up)
	r.Down, _ = t.s.Says(migration.Down)
	t.part.Items = append(t.part.Items, migration.Item{At: t.s.Start + t.at(from), Table: table, Operation: plans.Operation{RenameColumn: r},
		Objects: []string{"column " + strings.ToLower(old), "column " + strings.ToLower(to)}})
	return nil
}

// change: CHANGE with one name is MODIFY; with two it is a rename and whatever the definition says besides.
func (t *translation) change(table string, from, to int) error {
	old, _, i := t.text.Name(t.text.Skip(t.text.Skip(from+1, "COLUMN"), "IF", "EXISTS"))
	name, _, _ := t.text.Name(i)
	if !strings.EqualFold(old, name) && !t.asWritten() {
		return t.s.Refuse(t.at(from), "RENAME COLUMN "+old+" TO "+name+" in place of CHANGE; a change of its definition is a plan of its own (MODIFY). -- phasemig:alter on a line before the statement runs it as it is written",
			"CHANGE gives %s another name and a definition at once, and old code would not find the column", old)
	}
	t.clause(from, table, t.text.Slice(from, to), "", "", "column "+strings.ToLower(old), "column "+strings.ToLower(name))
	return nil
}
