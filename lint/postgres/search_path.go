package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// searchPath is what the file has made of search_path: nothing as long as it isn't set, as roles and connections may set it, too.
type searchPath struct {
	set     bool
	schemas []string
}

// pathSet reads SET search_path, and RESET of it.
func pathSet(n *pg.VariableSetStmt) searchPath {
	if n.Kind != pg.VariableSetKind_VAR_SET_VALUE {
		return searchPath{}
	}
	p := searchPath{set: true}
	for _, a := range n.Args {
		p.schemas = append(p.schemas, a.GetAConst().GetSval().GetSval())
	}
	return p.known()
}

// pathConfigured reads set_config('search_path', …), as pg_dump writes it.
func pathConfigured(n *pg.SelectStmt) (p searchPath, local, ok bool) {
	for _, t := range n.GetTargetList() {
		f := t.GetResTarget().GetVal().GetFuncCall()
		if f == nil || lastName(f.Funcname) != "set_config" || len(f.Args) != 3 || f.Args[0].GetAConst().GetSval().GetSval() != "search_path" {
			continue
		}
		if f.Args[1].GetAConst().GetSval() == nil {
			return searchPath{}, false, true
		}
		p.set = true
		for _, s := range strings.Split(f.Args[1].GetAConst().GetSval().Sval, ",") {
			p.schemas = append(p.schemas, strings.Trim(strings.TrimSpace(s), `"`))
		}
		return p.known(), f.Args[2].GetAConst().GetBoolval().GetBoolval(), true
	}
	return p, false, false
}

// known leaves out what names no schema; "$user" may be any.
func (p searchPath) known() searchPath {
	if slices.Contains(p.schemas, "$user") {
		return searchPath{}
	}
	p.schemas = slices.DeleteFunc(p.schemas, func(s string) bool { return s == "" })
	return p
}

// takePath follows a statement that sets the path; what is set with LOCAL lasts as long as the transaction.
func (j *judge) takePath(p searchPath, local bool) {
	if local && !j.tx.open {
		return // a warning, and nothing is set
	}
	if local && j.tx.before == nil {
		was := j.search
		j.tx.before = &was
	}
	j.search = p
}

// place finds the relation that a plain name stands for under the file's search_path, and writes its schema beside it. A name that leads nowhere is
// noted, and a new relation is made in the first schema of the path.
func (j *judge) place(n *pg.Node) {
	j.unreached = nil
	if !j.search.set {
		return
	}
	made := madeBy(n)
	ctes := map[string]bool{}
	walk(n, func(m *pg.Node) {
		if e := m.GetCommonTableExpr(); e != nil {
			ctes[e.Ctename] = true
		}
	})
	qualify := func(r *pg.RangeVar) {
		if r == nil || r.Schemaname != "" || r.Relpersistence == "t" || ctes[r.Relname] {
			return
		}
		if r == made {
			if len(j.search.schemas) > 0 {
				r.Schemaname = j.search.schemas[0]
			}
			return
		}
		r.Schemaname = j.lead(r.Relname)
	}
	for _, r := range relationsOf(n) {
		qualify(r)
	}
	walk(n, func(m *pg.Node) { qualify(m.GetRangeVar()) })
	j.placeDropped(n.GetDropStmt())
}

// lead is the schema of the path that has a relation of a name; "" where none has.
func (j *judge) lead(name string) string {
	all := j.catalog.Named(name)
	if slices.ContainsFunc(all, func(k *lint.Relation) bool { return k.Options["persistence"] == "t" }) {
		return "" // what is temporary is found first
	}
	for _, s := range j.search.schemas {
		for _, k := range all {
			if inSchema(k.Schema) == s {
				return k.Schema
			}
		}
	}
	if len(all) > 0 {
		j.unreached = append(j.unreached, name)
	}
	return ""
}

// placeDropped is place for DROP, whose names are lists.
func (j *judge) placeDropped(n *pg.DropStmt) {
	if n == nil || relationKinds[n.RemoveType] == "" {
		return
	}
	for _, o := range n.Objects {
		l := o.GetList()
		if len(l.GetItems()) != 1 {
			continue
		}
		if s := j.lead(str(l.Items[0])); s != "" {
			l.Items = append([]*pg.Node{pg.MakeStrNode(s)}, l.Items...)
		}
	}
}

// madeBy is the name that a statement gives to something new.
func madeBy(n *pg.Node) *pg.RangeVar {
	switch s := n.GetNode().(type) {
	case *pg.Node_CreateStmt:
		return s.CreateStmt.Relation
	case *pg.Node_CreateTableAsStmt:
		return s.CreateTableAsStmt.GetInto().GetRel()
	case *pg.Node_ViewStmt:
		return s.ViewStmt.View
	case *pg.Node_CreateSeqStmt:
		return s.CreateSeqStmt.Sequence
	case *pg.Node_SelectStmt:
		return s.SelectStmt.GetIntoClause().GetRel()
	}
	return nil
}

// relationsOf are the names that stand beside a statement's nodes, so that walk doesn't meet them.
func relationsOf(n *pg.Node) []*pg.RangeVar {
	out := []*pg.RangeVar{madeBy(n), n.GetAlterTableStmt().GetRelation(), n.GetIndexStmt().GetRelation(), n.GetRenameStmt().GetRelation(), n.GetAlterObjectSchemaStmt().GetRelation(),
		n.GetAlterSeqStmt().GetSequence(), n.GetCreateTrigStmt().GetRelation(), n.GetRuleStmt().GetRelation(), n.GetCreatePolicyStmt().GetTable(), n.GetAlterPolicyStmt().GetTable(),
		n.GetInsertStmt().GetRelation(), n.GetUpdateStmt().GetRelation(), n.GetDeleteStmt().GetRelation(), n.GetMergeStmt().GetRelation(), n.GetCopyStmt().GetRelation(),
		n.GetRefreshMatViewStmt().GetRelation(), n.GetClusterStmt().GetRelation(), n.GetReindexStmt().GetRelation()}
	for _, c := range n.GetAlterTableStmt().GetCmds() {
		d := c.GetAlterTableCmd().GetDef()
		out = append(out, d.GetConstraint().GetPktable(), d.GetPartitionCmd().GetName())
	}
	return out
}

// selectsNone: no schema of the path is there to make something in.
func (j *judge) selectsNone(r *pg.RangeVar) bool {
	if !j.search.set || r.Schemaname != "" || r.Relpersistence == "t" {
		return false
	}
	return !slices.ContainsFunc(j.search.schemas, func(s string) bool { return !j.noSchema(s) })
}

// hidden: the plain name leads nowhere under the file's search_path.
func (j *judge) hidden(id schema.Ident) bool {
	return id.Schema == "" && slices.Contains(j.unreached, id.Name)
}
