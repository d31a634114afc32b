package postgres

import (
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/phasemig/phasemig/lint"
	syntax "github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/schema"
)

// definition is what a statement of a desired schema is about.
type definition struct {
	nothing bool           // of a session, or what every database has
	left    string         // why it is left out
	other   bool           // it isn't about a table
	made    schema.Ident   // what it makes
	names   []schema.Ident // relations that must be there
}

func readDefinition(q string) (definition, error) {
	tree, err := parse(q)
	if err != nil {
		return definition{}, err
	}
	if len(tree.Stmts) != 1 {
		return definition{other: len(tree.Stmts) > 1, nothing: len(tree.Stmts) == 0}, nil
	}
	n := tree.Stmts[0].Stmt
	var own *pg.RangeVar
	d := definition{}
	switch {
	case n.GetVariableSetStmt() != nil, n.GetTransactionStmt() != nil, n.GetCreateExtensionStmt() != nil, setsConfig(n):
		return definition{nothing: true}, nil
	case n.GetGrantStmt() != nil, n.GetAlterDefaultPrivilegesStmt() != nil:
		return definition{left: "rights are not compared: " + head(migration.NewText(q, syntax.Syntax))}, nil
	case n.GetCreateStmt() != nil:
		own = n.GetCreateStmt().Relation
	case n.GetCreateSeqStmt() != nil:
		own = n.GetCreateSeqStmt().Sequence
	case n.GetIndexStmt() != nil, n.GetAlterSeqStmt() != nil, n.GetCreateEnumStmt() != nil:
	case n.GetAlterTableStmt() != nil:
		if changesOwner(n.GetAlterTableStmt()) {
			return definition{left: "owners are not compared: " + head(migration.NewText(q, syntax.Syntax))}, nil
		}
		d.other = n.GetAlterTableStmt().Objtype != pg.ObjectType_OBJECT_TABLE
	case n.GetCommentStmt() != nil:
		d.names, d.other = commented(n.GetCommentStmt())
	default:
		d.other = true
	}
	if own != nil {
		d.made, d.other = schema.Ident{Schema: own.Schemaname, Name: own.Relname}, own.Relpersistence == "t"
	}
	eachMessage(n.ProtoReflect(), func(m protoreflect.Message) {
		if r, ok := m.Interface().(*pg.RangeVar); ok && (own == nil || r.Schemaname != own.Schemaname || r.Relname != own.Relname) {
			d.names = append(d.names, schema.Ident{Schema: r.Schemaname, Name: r.Relname})
		}
		if e, ok := m.Interface().(*pg.SelectStmt); ok && e != nil { // CREATE TABLE … AS and the like run
			d.other = true
		}
	})
	return d, nil
}

func changesOwner(a *pg.AlterTableStmt) bool {
	return len(a.Cmds) == 1 && a.Cmds[0].GetAlterTableCmd().GetSubtype() == pg.AlterTableType_AT_ChangeOwner
}

// setsConfig: pg_dump sets the search_path by a SELECT.
func setsConfig(n *pg.Node) bool {
	s := n.GetSelectStmt()
	if s == nil || len(s.TargetList) != 1 || len(s.FromClause) > 0 {
		return false
	}
	names := texts(s.TargetList[0].GetResTarget().GetVal().GetFuncCall().GetFuncname())
	return len(names) > 0 && names[len(names)-1] == "set_config"
}

// commented is the relation that a comment is on or in.
func commented(c *pg.CommentStmt) ([]schema.Ident, bool) {
	names := texts(c.Object.GetList().GetItems())
	switch c.Objtype {
	case pg.ObjectType_OBJECT_COLUMN, pg.ObjectType_OBJECT_TABCONSTRAINT:
		names = names[:max(len(names)-1, 0)]
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_INDEX, pg.ObjectType_OBJECT_SEQUENCE:
	default:
		return nil, true
	}
	switch len(names) {
	case 1:
		return []schema.Ident{{Name: names[0]}}, false
	case 2:
		return []schema.Ident{{Schema: names[0], Name: names[1]}}, false
	}
	return nil, true
}

var regclass = regexp.MustCompile(`(?i)^\s*::\s*(pg_catalog\.)?regclass\b`)

// inScratch puts the scratch schema in the place of the one that a file names, as pg_dump does everywhere.
func inScratch(q, home, scratch string) string {
	var out strings.Builder
	at := 0
	put := func(until int, text string, next int) {
		out.WriteString(q[at:until])
		out.WriteString(text)
		at = next
	}
	for t, ok := syntax.Syntax.Next(q, 0); ok; t, ok = syntax.Syntax.Next(q, t.End) {
		switch {
		case (t.Kind == lint.Quoted && t.Value() == home || t.Kind == lint.Word && strings.ToLower(t.Text) == home) && strings.HasPrefix(q[t.End:], "."):
			put(t.Start, scratch, t.End)
		case t.Kind == lint.String && regclass.MatchString(q[t.End:]):
			for _, name := range []string{home, Quote(home)} {
				if rest, ok := strings.CutPrefix(t.Text, "'"+name+"."); ok {
					put(t.Start, "'"+scratch+"."+rest, t.End)
				}
			}
		}
	}
	out.WriteString(q[at:])
	return out.String()
}
