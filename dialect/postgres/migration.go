package postgres

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"

	syntax "github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// Translate is the migration.Translator of this server. The grammar says what a statement is; its pieces are taken over as they
// were written.
func Translate(s *migration.Statement) (migration.Part, error) {
	tree, err := parse(s.Text)
	if err != nil {
		return migration.Part{}, unread(s, err)
	}
	if len(tree.Stmts) == 0 {
		return migration.Part{}, nil
	}
	if len(tree.Stmts) > 1 {
		return migration.Part{}, s.Refuse(int(tree.Stmts[1].StmtLocation), "let each stand by itself", "several statements are run as one")
	}
	t := translation{s: s, text: migration.NewText(s.Text, syntax.Syntax)}
	if err := t.statement(tree.Stmts[0].Stmt); err != nil {
		return migration.Part{}, err
	}
	return t.part, nil
}

// virtual ends a column that is computed when it is read, which is newer than the grammar.
var virtual = regexp.MustCompile(`(?i)\)\s*VIRTUAL\b`)

// parse reads a statement. What is newer than the grammar is read as its older sibling of the same length; the pieces are cut out of
// the text as it was written.
func parse(text string) (*pg.ParseResult, error) {
	tree, err := pg.Parse(text)
	if err == nil || !virtual.MatchString(text) {
		return tree, err
	}
	older := virtual.ReplaceAllStringFunc(text, func(s string) string { return s[:len(s)-len("VIRTUAL")] + "STORED " })
	if tree, olderErr := pg.Parse(older); olderErr == nil {
		return tree, nil
	}
	return nil, err
}

// unread says where the grammar stopped.
func unread(s *migration.Statement, err error) error {
	at := 0
	var p *parser.Error
	if errors.As(err, &p) && p.Cursorpos > 0 {
		for range p.Cursorpos - 1 { // in characters
			_, n := utf8.DecodeRuneInString(s.Text[at:])
			at += n
		}
	}
	return s.Unread(min(at, len(s.Text)), "%s", err)
}

// translation turns one statement into items.
type translation struct {
	s    *migration.Statement
	text migration.Text
	part migration.Part
}

func (t *translation) statement(n *pg.Node) error {
	switch {
	case n.GetAlterTableStmt() != nil:
		return t.alterTable(n.GetAlterTableStmt())
	case n.GetRenameStmt() != nil:
		return t.rename(n.GetRenameStmt())
	case n.GetIndexStmt() != nil:
		return t.createIndex(n.GetIndexStmt())
	case n.GetDropStmt() != nil:
		return t.drop(n.GetDropStmt())
	case n.GetCommentStmt() != nil:
		return t.comment(n.GetCommentStmt())
	case n.GetTransactionStmt() != nil:
		return nil // each step has its own
	case n.GetVariableSetStmt() != nil:
		return t.setting(n.GetVariableSetStmt())
	}
	return t.other(n)
}

// other is what no operation is for.
func (t *translation) other(n *pg.Node) error {
	const alone = "let the migration tool run it by itself, and plan the others"
	if table := writtenTo(n); table != nil {
		if migration.OfTool(table.Relname) {
			t.part.Left = "left to the migration tool: its own table " + table.Relname
			return nil
		}
		if n.GetCreateStmt() != nil {
			return t.createTable(n.GetCreateStmt())
		}
		return t.s.Refuse(0, "a column that is filled from others is rename_column or split_column with up and down, or set_not_null with fill; else "+alone, "rows are changed")
	}
	return t.s.Refuse(0, alone, "no operation of phasemig does this: %s", head(t.text))
}

// writtenTo is the table that a statement makes or whose rows it changes.
func writtenTo(n *pg.Node) *pg.RangeVar {
	switch {
	case n.GetCreateStmt() != nil:
		return n.GetCreateStmt().Relation
	case n.GetInsertStmt() != nil:
		return n.GetInsertStmt().Relation
	case n.GetUpdateStmt() != nil:
		return n.GetUpdateStmt().Relation
	case n.GetDeleteStmt() != nil:
		return n.GetDeleteStmt().Relation
	}
	return nil
}

// head is the beginning of a statement, which says what it is.
func head(t migration.Text) string {
	s := t.Slice(0, min(3, len(t.Tokens)))
	if len(t.Tokens) > 3 {
		s += " …"
	}
	return s
}

func (t *translation) setting(v *pg.VariableSetStmt) error {
	if migration.Harmless(v.Name) || v.Kind == pg.VariableSetKind_VAR_SET_MULTI || strings.HasPrefix(v.Name, "TRANSACTION") {
		return nil
	}
	hint := "take it out, or let the migration tool run the file"
	if v.Name == "search_path" {
		hint = "take it out and write the schema before the names"
	}
	return t.s.Refuse(0, hint, "SET %s can change what the statements behind it mean", v.Name)
}

// named is the name of a relation as operations have it.
func (t *translation) named(r *pg.RangeVar) (string, error) {
	for _, n := range []string{r.Schemaname, r.Relname} {
		if strings.Contains(n, ".") {
			return "", t.s.Refuse(int(r.Location), "", "a name with a dot in it can't be written in a change")
		}
	}
	if r.Schemaname != "" {
		return r.Schemaname + "." + r.Relname, nil
	}
	return r.Relname, nil
}

func (t *translation) add(i migration.Item) { t.part.Items = append(t.part.Items, i) }

func (t *translation) rename(r *pg.RenameStmt) error {
	const moment = "it takes a moment and no operation is for it: let the migration tool run it where code copes with both names"
	if r.RenameType == pg.ObjectType_OBJECT_INDEX {
		return t.s.Refuse(0, moment, "an index is given another name")
	}
	if r.RelationType != pg.ObjectType_OBJECT_TABLE && r.RenameType != pg.ObjectType_OBJECT_TABCONSTRAINT && r.RenameType != pg.ObjectType_OBJECT_TABLE {
		return t.s.Refuse(0, moment, "something else than a table's column or constraint is given another name")
	}
	if r.Relation == nil {
		return t.s.Refuse(0, moment, "something else than a table's column or constraint is given another name")
	}
	table, err := t.named(r.Relation)
	if err != nil {
		return err
	}
	i := migration.Item{At: t.s.Start, Table: table}
	switch r.RenameType {
	case pg.ObjectType_OBJECT_COLUMN:
		c := &plans.RenameColumn{Table: table, From: r.Subname, To: r.Newname}
		c.Up, _ = t.s.Says(migration.Up)
		c.Down, _ = t.s.Says(migration.Down)
		i.Operation.RenameColumn, i.Objects = c, []string{"column " + r.Subname, "column " + r.Newname}
	case pg.ObjectType_OBJECT_TABCONSTRAINT:
		i.Operation.RenameConstraint = &plans.RenameConstraint{Table: table, From: r.Subname, To: r.Newname}
		i.Objects = []string{"constraint " + r.Subname, "constraint " + r.Newname}
	case pg.ObjectType_OBJECT_TABLE:
		if strings.Contains(r.Newname, ".") {
			return t.s.Refuse(0, "", "a name with a dot in it can't be written in a change")
		}
		i.Operation.RenameTable, i.Objects = &plans.RenameTable{Table: table, To: r.Newname}, []string{"the table"}
	default:
		return t.s.Refuse(0, moment, "something else than a table, its column or its constraint is given another name")
	}
	t.add(i)
	return nil
}

func (t *translation) drop(d *pg.DropStmt) error {
	switch d.RemoveType {
	case pg.ObjectType_OBJECT_INDEX:
	case pg.ObjectType_OBJECT_TABLE:
	default:
		return t.s.Refuse(0, "let the migration tool run it by itself, and plan the others", "no operation of phasemig does this: %s", head(t.text))
	}
	if d.Behavior == pg.DropBehavior_DROP_CASCADE {
		return t.s.Refuse(0, "name what rests on it and drop that first", "CASCADE takes away what nobody has named")
	}
	for _, o := range d.Objects {
		names := texts(o.GetList().GetItems())
		if len(names) == 0 {
			return t.s.Refuse(0, "", "it names nothing")
		}
		name := names[len(names)-1]
		if d.RemoveType == pg.ObjectType_OBJECT_TABLE {
			if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, ".") }) {
				return t.s.Refuse(0, "", "a name with a dot in it can't be written in a change")
			}
			t.dropTable(strings.Join(names, "."))
			continue
		}
		t.add(migration.Item{At: t.s.Start, Index: strings.Join(names, "."), Operation: plans.Operation{DropIndex: &plans.DropIndex{Name: name}}, Objects: []string{"index " + name}})
	}
	return nil
}

// texts are the names of a list.
func texts(list []*pg.Node) []string {
	var out []string
	for _, n := range list {
		if s := n.GetString_().GetSval(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (t *translation) comment(c *pg.CommentStmt) error {
	names := texts(c.Object.GetList().GetItems())
	own := 0 // names behind the table's
	switch c.Objtype {
	case pg.ObjectType_OBJECT_COLUMN, pg.ObjectType_OBJECT_TABCONSTRAINT:
		own = 1
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_INDEX:
	default:
		return t.s.Refuse(0, "let the migration tool run it: it takes a moment", "the comment is on something else than a table, a column, an index or a constraint")
	}
	if len(names) <= own || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, ".") }) {
		return t.s.Refuse(0, "", "a name with a dot in it can't be written in a change")
	}
	o := &plans.SetComment{Comment: c.Comment, Table: strings.Join(names[:len(names)-own], ".")}
	last := names[len(names)-1]
	i := migration.Item{At: t.s.Start, Table: o.Table, Operation: plans.Operation{SetComment: o}, Objects: []string{"comment of " + last}}
	switch c.Objtype {
	case pg.ObjectType_OBJECT_COLUMN:
		o.Column = last
	case pg.ObjectType_OBJECT_TABCONSTRAINT:
		o.Constraint = last
	case pg.ObjectType_OBJECT_INDEX:
		o.Index, o.Table, i.Table, i.Index = last, "", "", strings.Join(names, ".")
	}
	t.add(i)
	return nil
}
