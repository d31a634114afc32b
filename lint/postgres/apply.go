package postgres

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// apply changes the catalog as the statement changes the schema.
func (j *judge) apply(p *parsed) {
	switch n := p.node.Node.(type) {
	case *pg.Node_CreateStmt:
		j.createTable(n.CreateStmt, p.later)
	case *pg.Node_CreateTableAsStmt:
		j.createAs(n.CreateTableAsStmt)
	case *pg.Node_SelectStmt:
		if into := n.SelectStmt.IntoClause; into != nil {
			j.fresh(into.Rel, "table")
		}
		j.sequenceSet(p.node)
		if to, local, ok := pathConfigured(n.SelectStmt); ok {
			j.takePath(to, local)
		}
	case *pg.Node_ViewStmt:
		j.createView(n.ViewStmt.View, n.ViewStmt.Query, names(n.ViewStmt.Aliases), "view")
	case *pg.Node_CreateSeqStmt:
		j.createSequence(n.CreateSeqStmt)
	case *pg.Node_AlterTableStmt:
		j.alterTable(n.AlterTableStmt, p.later)
	case *pg.Node_IndexStmt:
		j.createIndex(n.IndexStmt)
	case *pg.Node_RenameStmt:
		j.rename(n.RenameStmt)
	case *pg.Node_AlterObjectSchemaStmt:
		if r := n.AlterObjectSchemaStmt.Relation; r != nil {
			j.catalog.Rename(ident(r), schema.Ident{Schema: n.AlterObjectSchemaStmt.Newschema, Name: r.Relname})
		}
	case *pg.Node_DropStmt:
		j.drop(n.DropStmt)
	case *pg.Node_VariableSetStmt:
		j.set(n.VariableSetStmt)
	case *pg.Node_CreateEnumStmt:
		j.catalog.PutType(&lint.Type{Name: dotted(n.CreateEnumStmt.TypeName), Kind: "enum", Values: names(n.CreateEnumStmt.Vals), Fresh: true})
	case *pg.Node_AlterEnumStmt:
		j.alterEnum(n.AlterEnumStmt)
	case *pg.Node_CreateDomainStmt:
		d := n.CreateDomainStmt
		t := &lint.Type{Name: dotted(d.Domainname), Kind: "domain", Base: typeOf(d.TypeName).String(), Check: constrained(d.Constraints), Fresh: true}
		for _, q := range d.Constraints {
			constrainDomain(t, q.GetConstraint())
		}
		j.catalog.PutType(t)
	case *pg.Node_AlterDomainStmt:
		j.alterDomain(n.AlterDomainStmt)
	case *pg.Node_CompositeTypeStmt:
		j.composite(n.CompositeTypeStmt)
	case *pg.Node_CreateFunctionStmt:
		j.createFunction(n.CreateFunctionStmt)
	case *pg.Node_CreatePolicyStmt:
		j.createPolicy(n.CreatePolicyStmt)
	case *pg.Node_TransactionStmt:
		j.catalog.Commit()
	default:
		j.applyObject(p.node)
	}
}

func (j *judge) fresh(r *pg.RangeVar, kind string) *lint.Relation {
	k := &lint.Relation{Table: schema.Table{Ident: ident(r), Kind: kind}, Fresh: true}
	if old := j.exact(ident(r)); old != nil && kind == "view" {
		k.Fresh = old.Fresh
		j.views(func(v *lint.Relation) { // what reads the old one reads the new one
			for i := range v.Uses {
				if v.Uses[i].Relation == old {
					v.Uses[i].Relation = k
				}
			}
		})
	}
	if j.file != nil && j.file.Context {
		j.makes = j.makes || kind == "table"
	}
	j.catalog.Put(k)
	k.Options["persistence"] = r.Relpersistence
	return k
}

func (j *judge) createSequence(n *pg.CreateSeqStmt) {
	if n.IfNotExists && j.exact(ident(n.Sequence)) != nil {
		return
	}
	k := j.fresh(n.Sequence, "sequence")
	for _, o := range n.Options {
		if d := o.GetDefElem(); d.GetDefname() == "start" || d.GetDefname() == "minvalue" && k.Options["start"] == "" {
			if v, ok := sequenceNumber(d.Arg); ok {
				k.Options["start"] = strconv.FormatFloat(v, 'f', -1, 64)
			}
		}
	}
}

// sequenceSet notes that a sequence of the file has been given its number.
func (j *judge) sequenceSet(n *pg.Node) {
	walk(n, func(m *pg.Node) {
		if f := m.GetFuncCall(); f != nil && lastName(f.Funcname) == "setval" && len(f.Args) > 1 {
			if k := j.catalog.Relation((&call{judge: j}).sequenceNamed(f.Args[0])); k != nil && k.Kind == "sequence" {
				k.Options["set"] = "yes"
			}
		}
	})
}

func (j *judge) createAs(n *pg.CreateTableAsStmt) {
	if r := n.GetInto().GetRel(); r != nil && (!n.IfNotExists || j.relation(r) == nil) {
		kind := "table"
		if n.Objtype == pg.ObjectType_OBJECT_MATVIEW {
			kind = "matview"
		}
		k := j.createView(r, n.Query, names(n.GetInto().GetColNames()), kind)
		if kind == "table" {
			k.Uses = nil
		}
	}
}

func (j *judge) createTable(n *pg.CreateStmt, l later) {
	if old := j.relation(n.Relation); old != nil && n.IfNotExists {
		return
	}
	k := j.fresh(n.Relation, "table")
	k.Partitioned = n.Partspec != nil
	k.Options["persistence"], k.Options["tablespace"], k.Options["method"] = n.Relation.Relpersistence, n.Tablespacename, n.AccessMethod
	if n.Partspec != nil {
		j.partitioned(k, n.Partspec)
	}
	for _, i := range n.InhRelations {
		j.inherits(k, j.relation(i.GetRangeVar()), n.Partbound)
		if n.Partbound != nil {
			k.Parent, k.Default = ident(i.GetRangeVar()).String(), n.Partbound.IsDefault
		}
	}
	if n.OfTypename != nil {
		j.ofType(k, n.OfTypename)
	}
	for _, e := range n.TableElts {
		switch x := e.Node.(type) {
		case *pg.Node_ColumnDef:
			j.addColumn(k, x.ColumnDef, l, false)
		case *pg.Node_Constraint:
			j.addConstraint(k, x.Constraint, later{})
		case *pg.Node_TableLikeClause:
			j.like(k, x.TableLikeClause)
		}
	}
	for i := range k.Constraints { // a new table has no rows: NOT VALID means nothing in it
		k.Constraints[i].NotValid = k.Constraints[i].NotValid && l.notEnforced
	}
}

// The bits of LIKE … INCLUDING (TableLikeOption in the server's source).
const (
	likeConstraints = 1 << 2
	likeDefaults    = 1 << 3
	likeGenerated   = 1 << 4
	likeIdentity    = 1 << 5
	likeIndexes     = 1 << 6
)

func (j *judge) like(k *lint.Relation, n *pg.TableLikeClause) {
	from := j.relation(n.Relation)
	if from == nil {
		k.Partial = true
		return
	}
	for _, c := range from.Columns {
		if n.Options&likeDefaults == 0 && c.Generated == "" {
			c.Default = nil
		}
		if n.Options&likeGenerated == 0 {
			c.Generated = ""
		}
		if n.Options&likeIdentity == 0 && c.Identity != "serial" || n.Options&likeDefaults == 0 && c.Identity == "serial" {
			c.Identity = ""
		}
		k.Columns = append(k.Columns, c)
	}
	k.Partial = k.Partial || from.Partial
	if n.Options&likeConstraints != 0 {
		for _, q := range from.Constraints {
			if q.Kind == schema.Check {
				k.Constraints = append(k.Constraints, q)
			}
		}
	}
	if n.Options&likeIndexes != 0 {
		for _, x := range from.Indexes {
			j.catalog.AddIndex(k, j.copied(k, x))
		}
	}
}

// addColumn puts a column in. old: the relation was there before the statement, so the column is new in it.
func (j *judge) addColumn(k *lint.Relation, d *pg.ColumnDef, l later, old bool) {
	if c := k.Column(d.Colname); old && c != nil {
		return
	} else if c != nil && (len(k.Parents) > 0 || k.Parent != "") { // it is merged with the parent's
		for _, n := range d.Constraints {
			if n.GetConstraint().GetContype() == pg.ConstrType_CONSTR_NOTNULL {
				c.Nullable = false
			}
		}
		return
	}
	t := typeOf(d.TypeName)
	c := schema.Column{Name: d.Colname, Type: t.String(), Nullable: true}
	if s := t.serial(); s != "" {
		c.Type, c.Nullable, c.Identity = s, false, "serial"
	}
	if d.CollClause != nil {
		c.Collation = dotted(d.CollClause.Collname)
	}
	for _, n := range d.Constraints {
		q := n.GetConstraint()
		switch q.GetContype() {
		case pg.ConstrType_CONSTR_NOTNULL:
			c.Nullable = false
		case pg.ConstrType_CONSTR_DEFAULT:
			s := rendered(q.RawExpr)
			c.Default = &s
		case pg.ConstrType_CONSTR_IDENTITY:
			c.Nullable, c.Identity = false, map[string]string{"a": "always", "d": "by default"}[q.GeneratedWhen]
		case pg.ConstrType_CONSTR_GENERATED:
			k.Dependents = append(k.Dependents, schema.Dependent{Kind: "generated column", Name: d.Colname, Columns: columnsIn(q.RawExpr)})
			c.Generated = "stored"
			if l.isVirtual(q) {
				c.Generated = "virtual"
			}
		case pg.ConstrType_CONSTR_PRIMARY:
			c.Nullable = false
		}
	}
	k.Columns = append(k.Columns, c)
	if old {
		k.New[d.Colname] = true
	}
	for _, n := range d.Constraints {
		q := n.GetConstraint()
		switch q.GetContype() {
		case pg.ConstrType_CONSTR_PRIMARY, pg.ConstrType_CONSTR_UNIQUE, pg.ConstrType_CONSTR_CHECK, pg.ConstrType_CONSTR_FOREIGN:
			j.addConstraint(k, forColumn(q, d.Colname), later{})
		}
	}
}

// forColumn is a column's constraint as one of the table.
func forColumn(q *pg.Constraint, column string) *pg.Constraint {
	key := []*pg.Node{pg.MakeStrNode(column)}
	out := &pg.Constraint{Contype: q.Contype, Conname: q.Conname, RawExpr: q.RawExpr, Pktable: q.Pktable, PkAttrs: q.PkAttrs,
		FkDelAction: q.FkDelAction, FkUpdAction: q.FkUpdAction, SkipValidation: q.SkipValidation}
	if q.Contype == pg.ConstrType_CONSTR_FOREIGN {
		out.FkAttrs = key
	} else {
		out.Keys = key
	}
	return out
}

// constraintsOf lists a new table's constraints, those of columns included.
func constraintsOf(n *pg.CreateStmt) []*pg.Constraint {
	var out []*pg.Constraint
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil {
			for _, c := range d.Constraints {
				out = append(out, forColumn(c.GetConstraint(), d.Colname))
			}
		}
		if c := e.GetConstraint(); c != nil {
			out = append(out, c)
		}
	}
	return out
}

func (j *judge) addConstraint(k *lint.Relation, q *pg.Constraint, l later) {
	switch q.Contype {
	case pg.ConstrType_CONSTR_PRIMARY, pg.ConstrType_CONSTR_UNIQUE:
		j.addKey(k, q)
	case pg.ConstrType_CONSTR_CHECK:
		k.Constraints = append(k.Constraints, schema.Constraint{Name: checkName(k, q), Kind: schema.Check, Columns: columnsIn(q.RawExpr),
			Definition: rendered(q.RawExpr), NotValid: q.SkipValidation || l.notEnforced})
		if l.notNull != "" && !q.SkipValidation {
			if c := k.Column(l.notNull); c != nil {
				c.Nullable = false
			}
		}
	case pg.ConstrType_CONSTR_FOREIGN:
		k.Constraints = append(k.Constraints, schema.Constraint{Name: foreignName(k, q), Kind: schema.ForeignKey, Columns: names(q.FkAttrs),
			Ref: j.referenced(q.Pktable), RefColumns: names(q.PkAttrs), NotValid: q.SkipValidation || l.notEnforced})
	case pg.ConstrType_CONSTR_EXCLUSION:
		j.exclude(k, q)
	}
}

func (j *judge) exclude(k *lint.Relation, q *pg.Constraint) {
	x := schema.Index{Name: q.Conname, Constraint: true, Method: q.AccessMethod}
	var parts []string
	for _, e := range q.Exclusions {
		if l := e.GetList().GetItems(); len(l) > 0 {
			parts = append(parts, elementName(l[0].GetIndexElem()))
			x.Columns = append(x.Columns, schema.IndexColumn{Name: l[0].GetIndexElem().GetName(), Expression: map[bool]string{true: rendered(l[0].GetIndexElem().GetExpr())}[l[0].GetIndexElem().GetName() == ""]})
			x.Uses = append(x.Uses, columnsIn(l[0].GetIndexElem().GetExpr())...)
		}
	}
	if x.Name == "" {
		x.Name = j.indexName(k, parts, "excl")
	}
	k.Constraints = append(k.Constraints, schema.Constraint{Name: x.Name, Kind: schema.Exclusion})
	j.catalog.AddIndex(k, x)
}

func checkName(k *lint.Relation, q *pg.Constraint) string {
	if q.Conname != "" {
		return q.Conname
	}
	column := ""
	if c := columnsIn(q.RawExpr); len(c) == 1 {
		column = c[0]
	}
	return chosen(k.Name, column, "check", constraintTaken(k))
}

func foreignName(k *lint.Relation, q *pg.Constraint) string {
	if q.Conname != "" {
		return q.Conname
	}
	return chosen(k.Name, joinedColumns(names(q.FkAttrs)), "fkey", constraintTaken(k))
}

func (j *judge) addKey(k *lint.Relation, q *pg.Constraint) {
	primary := q.Contype == pg.ConstrType_CONSTR_PRIMARY
	if q.Indexname != "" {
		if x := k.FindIndex(q.Indexname); x != nil {
			x.Constraint, x.Primary = true, primary
			if q.Conname != "" {
				j.catalog.RenameIndex(k, x, q.Conname)
			}
			if primary {
				for _, p := range x.Columns {
					if c := k.Column(p.Name); c != nil {
						c.Nullable = false
					}
				}
			}
		}
		return
	}
	x := schema.Index{Name: q.Conname, Unique: true, Primary: primary, Constraint: true, Method: "btree", Include: names(q.Including)}
	if x.Name == "" {
		x.Name = j.indexName(k, append(names(q.Keys), x.Include...), map[bool]string{true: "pkey", false: "key"}[primary])
	}
	for _, c := range names(q.Keys) {
		x.Columns = append(x.Columns, schema.IndexColumn{Name: c})
		if col := k.Column(c); col != nil && primary {
			col.Nullable = false
		}
	}
	j.catalog.AddIndex(k, x)
}

func (j *judge) createIndex(n *pg.IndexStmt) {
	k := j.ensure(n.Relation)
	if n.IfNotExists && k.FindIndex(n.Idxname) != nil {
		return
	}
	x := schema.Index{Name: n.Idxname, Unique: n.Unique, Method: n.AccessMethod}
	for _, p := range n.IndexParams {
		e := p.GetIndexElem()
		c := schema.IndexColumn{Name: e.Name, Descending: e.Ordering == pg.SortByDir_SORTBY_DESC}
		if e.Name == "" {
			c.Expression = rendered(e.Expr)
			x.Uses = append(x.Uses, columnsIn(e.Expr)...)
		}
		x.Columns = append(x.Columns, c)
	}
	for _, p := range n.IndexIncludingParams {
		x.Include = append(x.Include, p.GetIndexElem().GetName())
	}
	if n.WhereClause != nil {
		x.Predicate = rendered(n.WhereClause)
		x.Uses = append(x.Uses, columnsIn(n.WhereClause)...)
	}
	if x.Name == "" {
		var parts []string
		for _, p := range n.IndexParams {
			parts = append(parts, elementName(p.GetIndexElem()))
		}
		x.Name = j.indexName(k, append(parts, x.Include...), "idx")
	}
	j.catalog.AddIndex(k, x)
	k.Options["tablespace of "+x.Name] = n.TableSpace
	k.New["index "+x.Name] = true
	if n.Relation.GetInh() {
		j.toPartitions(k, x)
	} else if k.Partitioned {
		k.Options[alone(x.Name)] = "1"
	}
}

// toPartitions gives the partitions of a table an index that it has.
func (j *judge) toPartitions(k *lint.Relation, x schema.Index) {
	if !k.Partitioned {
		return
	}
	for _, p := range j.children(k) {
		if p.Parent == "" || slices.ContainsFunc(p.Indexes, func(o schema.Index) bool { return o.Unique == x.Unique && sameParts(o, x) }) {
			continue
		}
		j.catalog.AddIndex(p, j.copied(p, x))
		j.toPartitions(p, x)
	}
}

// sameParts: the two are on the same columns and expressions, in the same order, for the same rows.
func sameParts(a, b schema.Index) bool {
	return a.Predicate == b.Predicate && slices.EqualFunc(a.Columns, b.Columns, func(x, y schema.IndexColumn) bool { return x.Name == y.Name && x.Expression == y.Expression })
}

func (j *judge) rename(n *pg.RenameStmt) {
	switch n.RenameType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE, pg.ObjectType_OBJECT_FOREIGN_TABLE:
		if n.Relation != nil {
			j.tx.away = append(j.tx.away, n.Relation.Relname)
			j.moves(ident(n.Relation), schema.Ident{Schema: n.Relation.Schemaname, Name: n.Newname})
			j.catalog.Rename(ident(n.Relation), schema.Ident{Schema: n.Relation.Schemaname, Name: n.Newname})
		}
	case pg.ObjectType_OBJECT_INDEX:
		if k, x := j.catalog.Owner(n.Relation.GetRelname()); x != nil {
			j.catalog.RenameIndex(k, x, n.Newname)
		}
	case pg.ObjectType_OBJECT_COLUMN:
		k := j.relation(n.Relation)
		if c := k.Column(n.Subname); c != nil {
			c.Name = n.Newname
			j.renameUses(k, n.Subname, n.Newname)
			k.Was[n.Subname] = true
			if k.New[n.Subname] {
				k.New[n.Newname] = true
			}
		}
	case pg.ObjectType_OBJECT_TABCONSTRAINT:
		k := j.relation(n.Relation)
		if k == nil {
			return
		}
		if c := k.FindConstraint(n.Subname); c != nil {
			c.Name = n.Newname
		}
		if x := k.FindIndex(n.Subname); x != nil {
			j.catalog.RenameIndex(k, x, n.Newname)
		}
	default:
		j.renameObject(n)
	}
}

func (j *judge) drop(n *pg.DropStmt) {
	for _, o := range n.Objects {
		items := o.GetList().GetItems()
		switch n.RemoveType {
		case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE, pg.ObjectType_OBJECT_FOREIGN_TABLE:
			j.dropRelation(j.catalog.Relation(identOf(items)), n.Behavior == pg.DropBehavior_DROP_CASCADE)
		case pg.ObjectType_OBJECT_INDEX:
			if r, x := j.catalog.Owner(identOf(items).Name); r != nil {
				r.DropIndex(x.Name)
			}
		case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
			j.catalog.RemoveType(dotted(o.GetTypeName().GetNames()))
		case pg.ObjectType_OBJECT_POLICY:
			if k := j.catalog.Relation(identOf(items[:max(len(items)-1, 0)])); k != nil {
				k.Policies = max(k.Policies-1, 0)
			}
			j.dropObject(n.RemoveType, o)
		default:
			j.dropObject(n.RemoveType, o)
		}
	}
}

func (j *judge) set(n *pg.VariableSetStmt) {
	value := ""
	if len(n.Args) > 0 {
		c := n.Args[0].GetAConst()
		value = c.GetSval().GetSval()
		if i := c.GetIval(); c != nil && c.GetSval() == nil && i != nil {
			value = strconv.Itoa(int(i.Ival))
		}
	}
	on := n.Kind == pg.VariableSetKind_VAR_SET_VALUE
	switch strings.ToLower(n.Name) {
	case "lock_timeout", "statement_timeout":
		if strings.EqualFold(n.Name, "lock_timeout") {
			j.timeout = on && value != "0" && value != ""
		}
	case "check_function_bodies":
		j.unchecked = on && (strings.EqualFold(value, "off") || strings.EqualFold(value, "false") || value == "0")
	case "search_path":
		j.takePath(pathSet(n), n.IsLocal)
		j.path = ""
		if on && value != "public" {
			j.path = "set"
		}
	case "timezone":
		j.utc = on && (strings.EqualFold(value, "UTC") || strings.EqualFold(value, "Etc/UTC") || strings.EqualFold(value, "GMT"))
	}
}

func (j *judge) alterEnum(n *pg.AlterEnumStmt) {
	t := j.catalog.Type(dotted(n.TypeName))
	if t == nil {
		t = &lint.Type{Name: dotted(n.TypeName), Kind: "enum"}
		j.catalog.PutType(t)
	}
	if n.OldVal != "" {
		for i, v := range t.Values {
			if v == n.OldVal {
				t.Values[i] = n.NewVal
			}
		}
		return
	}
	t.Values = append(t.Values, n.NewVal)
	if j.tx.open && (!t.Fresh || j.version < 170000) {
		if t.New == nil {
			t.New = map[string]bool{}
		}
		t.New[n.NewVal] = true
	}
}

func (j *judge) createFunction(n *pg.CreateFunctionStmt) {
	name := strings.ToLower(lastName(n.Funcname))
	volatile := true
	for _, o := range n.Options {
		if d := o.GetDefElem(); d.GetDefname() == "volatility" {
			volatile = str(d.Arg) == "volatile"
		}
	}
	if body := writtenBody(n); body != "" {
		j.routines[name] = body
	}
	if e := inlined(n); e != nil {
		volatile = volatile && j.volatileIn(e) != ""
	}
	j.volatile[name] = volatile
	j.putRoutine(n)
}

// writtenBody is the body of a routine that is written as a text.
func writtenBody(n *pg.CreateFunctionStmt) string {
	for _, o := range n.Options {
		if d := o.GetDefElem(); d.GetDefname() == "as" {
			if l := d.Arg.GetList().GetItems(); len(l) == 1 {
				return str(l[0])
			}
		}
	}
	return ""
}
