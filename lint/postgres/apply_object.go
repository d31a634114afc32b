package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// applyObject notes what has a name and is neither a relation nor a type.
func (j *judge) applyObject(n *pg.Node) {
	put := func(o *lint.Object) { j.catalog.Objects.Put(o) }
	switch s := n.Node.(type) {
	case *pg.Node_CreateSchemaStmt:
		if j.catalog.Objects.Find("schema", schema.Ident{Name: s.CreateSchemaStmt.Schemaname}, nil) == nil {
			put(&lint.Object{Kind: "schema", ID: schema.Ident{Name: s.CreateSchemaStmt.Schemaname}})
		}
	case *pg.Node_CreateExtensionStmt:
		put(&lint.Object{Kind: "extension", ID: schema.Ident{Name: s.CreateExtensionStmt.Extname}})
	case *pg.Node_GrantStmt:
		j.grant(s.GrantStmt)
	case *pg.Node_GrantRoleStmt:
		j.member(s.GrantRoleStmt)
	case *pg.Node_AlterPolicyStmt:
		j.alterPolicy(s.AlterPolicyStmt)
	case *pg.Node_CreateTrigStmt:
		j.createTrigger(s.CreateTrigStmt)
	case *pg.Node_RuleStmt:
		put(&lint.Object{Kind: "rule", ID: schema.Ident{Name: s.RuleStmt.Rulename}, On: j.ensure(s.RuleStmt.Relation)})
	case *pg.Node_CreateStatsStmt:
		if id := identOf(s.CreateStatsStmt.Defnames); id.Name != "" {
			put(&lint.Object{Kind: "statistics", ID: id})
		}
	case *pg.Node_CreatePublicationStmt:
		p := &lint.Object{Kind: "publication", ID: schema.Ident{Name: s.CreatePublicationStmt.Pubname}}
		j.publish(p, s.CreatePublicationStmt.Pubobjects)
		put(p)
	case *pg.Node_AlterPublicationStmt:
		j.alterPublication(s.AlterPublicationStmt)
	case *pg.Node_CreateRangeStmt:
		put(&lint.Object{Kind: "type", ID: identOf(s.CreateRangeStmt.TypeName)})
	case *pg.Node_DefineStmt:
		kind := map[pg.ObjectType]string{pg.ObjectType_OBJECT_TYPE: "type", pg.ObjectType_OBJECT_AGGREGATE: "aggregate", pg.ObjectType_OBJECT_COLLATION: "collation"}[s.DefineStmt.Kind]
		if kind != "" {
			o := &lint.Object{Kind: kind, ID: identOf(s.DefineStmt.Defnames), Args: []string{"any"}}
			if a := s.DefineStmt.Args; kind == "aggregate" && len(a) > 0 {
				o.Args = nil
				for _, p := range a[0].GetList().GetItems() {
					o.Args = append(o.Args, withoutModifiers(typeOf(p.GetFunctionParameter().GetArgType())))
				}
			}
			put(o)
		}
	}
}

// ensure is the relation that a statement changes; in context, one that nothing has made tells that the context isn't the whole schema.
func (j *judge) ensure(r *pg.RangeVar) *lint.Relation {
	if j.file != nil && j.file.Context && j.relation(r) == nil {
		j.strange = true
	}
	return j.catalog.Ensure(ident(r))
}

// views calls f for every view that is known.
func (j *judge) views(f func(*lint.Relation)) {
	j.catalog.Relations(func(k *lint.Relation) {
		if k.Kind == "view" || k.Kind == "matview" {
			f(k)
		}
	})
}

// createView notes a view's columns and what it reads.
func (j *judge) createView(r *pg.RangeVar, query *pg.Node, aliases []string, kind string) *lint.Relation {
	x := j.reader()
	cols, open := x.query(query.GetSelectStmt(), nil)
	why := j.readOnly(query.GetSelectStmt())
	k := j.fresh(r, kind)
	k.Uses, k.Options["read only"] = x.uses, why
	k.Partial = open || len(cols) == 0
	for i, c := range cols {
		if i < len(aliases) {
			c.name = aliases[i]
		}
		if c.typ == literal {
			c.typ = "text"
		}
		k.Columns = append(k.Columns, schema.Column{Name: c.name, Type: c.typ, Nullable: true})
	}
	return k
}

func (j *judge) createTrigger(n *pg.CreateTrigStmt) {
	k := j.ensure(n.Relation)
	id := schema.Ident{Name: n.Trigname}
	j.catalog.Objects.Remove(func(o *lint.Object) bool { return o.Kind == "trigger" && o.ID == id && o.On == k })
	o := &lint.Object{Kind: "trigger", ID: id, On: k, Names: transitionNames(n), Uses: []lint.Use{{Other: "function " + lastName(n.Funcname)}}}
	if n.Row && n.Timing&before != 0 {
		o.Args = rowEvents(n.Events)
	}
	for _, c := range append(names(n.Columns), columnsIn(n.WhenClause)...) {
		o.Uses = append(o.Uses, lint.Use{Relation: k, Column: c})
	}
	j.catalog.Objects.Put(o)
}

// rowEvents are the statements whose rows a BEFORE trigger may change.
func rowEvents(events int32) []string {
	var out []string
	if events&onInsert != 0 {
		out = append(out, "insert")
	}
	if events&onUpdate != 0 {
		out = append(out, "update")
	}
	return out
}

func (j *judge) createPolicy(n *pg.CreatePolicyStmt) {
	k := j.ensure(n.Table)
	k.Policies++
	o := &lint.Object{Kind: "policy", ID: schema.Ident{Name: n.PolicyName}, On: k, Policy: policyOf(n)}
	for _, c := range append(columnsIn(n.Qual), columnsIn(n.WithCheck)...) {
		o.Uses = append(o.Uses, lint.Use{Relation: k, Column: c})
	}
	j.catalog.Objects.Put(o)
}

func policyOf(n *pg.CreatePolicyStmt) *lint.RowPolicy {
	return &lint.RowPolicy{Command: n.CmdName, Restrictive: !n.Permissive, Roles: roleNames(n.Roles), Open: everyRow(n.Qual) && everyRow(n.WithCheck)}
}

func roleNames(list []*pg.Node) []string {
	var out []string
	for _, r := range list {
		out = append(out, roleName(r.GetRoleSpec()))
	}
	return out
}

// everyRow: a condition that is true, or that isn't given.
func everyRow(n *pg.Node) bool {
	v, ok := constant(n)
	return n == nil || ok && v == true
}

func (j *judge) alterPolicy(n *pg.AlterPolicyStmt) {
	k := j.relation(n.Table)
	if o := j.catalog.Objects.Find("policy", schema.Ident{Name: n.PolicyName}, k); k != nil && o != nil && o.Policy != nil {
		*o.Policy = altered(*o.Policy, n)
	}
}

func altered(p lint.RowPolicy, n *pg.AlterPolicyStmt) lint.RowPolicy {
	if len(n.Roles) > 0 {
		p.Roles = roleNames(n.Roles)
	}
	if n.Qual != nil || n.WithCheck != nil {
		p.Open = everyRow(n.Qual) && everyRow(n.WithCheck)
	}
	return p
}

func (j *judge) publish(p *lint.Object, list []*pg.Node) {
	for _, n := range list {
		if r := n.GetPublicationObjSpec().GetPubtable().GetRelation(); r != nil {
			if k := j.relation(r); k != nil {
				p.Uses = append(p.Uses, lint.Use{Relation: k})
			}
		}
	}
}

func (j *judge) alterPublication(n *pg.AlterPublicationStmt) {
	p := j.catalog.Objects.Find("publication", schema.Ident{Name: n.Pubname}, nil)
	if p == nil {
		return
	}
	var named lint.Object
	j.publish(&named, n.Pubobjects)
	switch n.Action {
	case pg.AlterPublicationAction_AP_AddObjects:
		p.Uses = append(p.Uses, named.Uses...)
	case pg.AlterPublicationAction_AP_DropObjects:
		p.Uses = slices.DeleteFunc(p.Uses, func(u lint.Use) bool { return slices.Contains(named.Uses, u) })
	case pg.AlterPublicationAction_AP_SetObjects:
		p.Uses = named.Uses
	}
}

// putRoutine notes a function or procedure; one of the same arguments is replaced.
func (j *judge) putRoutine(n *pg.CreateFunctionStmt) {
	o := routineOf(n)
	used := false
	j.catalog.Objects.Remove(func(x *lint.Object) bool {
		same := (x.Kind == "function" || x.Kind == "procedure") && x.ID == o.ID && slices.Equal(x.Args, o.Args)
		used = used || same && !x.Fresh
		return same
	})
	j.catalog.Objects.Put(o)
	o.Fresh = !used
}

func routineOf(n *pg.CreateFunctionStmt) *lint.Object {
	o := &lint.Object{Kind: "function", ID: identOf(n.Funcname), Returns: typeOf(n.ReturnType).String()}
	if n.IsProcedure {
		o.Kind = "procedure"
	}
	for _, p := range n.Parameters {
		a := p.GetFunctionParameter()
		switch a.GetMode() {
		case pg.FunctionParameterMode_FUNC_PARAM_OUT, pg.FunctionParameterMode_FUNC_PARAM_TABLE:
			o.Returns = ""
			continue
		case pg.FunctionParameterMode_FUNC_PARAM_VARIADIC:
			o.Args = append(o.Args, "variadic "+withoutModifiers(typeOf(a.ArgType)))
		default:
			o.Args = append(o.Args, withoutModifiers(typeOf(a.GetArgType())))
		}
		o.Names = append(o.Names, a.GetName())
		if a.GetDefexpr() == nil {
			o.Required = len(o.Args)
		}
	}
	if n.ReturnType.GetSetof() {
		o.Returns = ""
	}
	o.Volatility = "volatile"
	for _, d := range n.Options {
		switch e := d.GetDefElem(); e.GetDefname() {
		case "volatility":
			o.Volatility = str(e.Arg)
		case "language":
			o.Language = strings.ToLower(str(e.Arg))
		}
	}
	return o
}

// dropRelation forgets a relation, and what goes with it.
func (j *judge) dropRelation(k *lint.Relation, cascade bool) {
	if k == nil {
		return
	}
	id := k.Ident
	children := j.childrenIf(k)
	j.catalog.Remove(k.Ident)
	j.catalog.Objects.Remove(func(o *lint.Object) bool { return o.On == k })
	for _, o := range j.catalog.Objects.All("publication") {
		o.Uses = slices.DeleteFunc(o.Uses, func(u lint.Use) bool { return u.Relation == k })
	}
	if k.Kind == "sequence" {
		return
	}
	for _, c := range children {
		if c.Parent != "" {
			j.dropRelation(c, cascade)
		}
	}
	if !cascade {
		return
	}
	var away []*lint.Relation
	j.catalog.Relations(func(o *lint.Relation) {
		if slices.ContainsFunc(o.Uses, func(u lint.Use) bool { return u.Relation == k }) {
			away = append(away, o)
		}
		o.Constraints = slices.DeleteFunc(o.Constraints, func(q schema.Constraint) bool { return q.Kind == schema.ForeignKey && q.Ref == id })
	})
	for _, o := range away {
		j.dropRelation(o, true)
	}
}

// kinds of objects, as Objects calls them.
var objectKinds = map[pg.ObjectType]string{
	pg.ObjectType_OBJECT_SCHEMA: "schema", pg.ObjectType_OBJECT_TRIGGER: "trigger", pg.ObjectType_OBJECT_POLICY: "policy", pg.ObjectType_OBJECT_RULE: "rule",
	pg.ObjectType_OBJECT_STATISTIC_EXT: "statistics", pg.ObjectType_OBJECT_PUBLICATION: "publication", pg.ObjectType_OBJECT_EXTENSION: "extension",
	pg.ObjectType_OBJECT_FUNCTION: "function", pg.ObjectType_OBJECT_PROCEDURE: "procedure", pg.ObjectType_OBJECT_ROUTINE: "function", pg.ObjectType_OBJECT_AGGREGATE: "aggregate",
}

// object finds what a statement names by a node: a word, a list of names, with the table in front for what stands on one, or a routine.
func (j *judge) object(t pg.ObjectType, n *pg.Node) (o *lint.Object, on schema.Ident, id schema.Ident) {
	items := n.GetList().GetItems()
	switch kind := objectKinds[t]; kind {
	case "trigger", "policy", "rule":
		on = identOf(items[:max(len(items)-1, 0)])
		if len(items) > 0 {
			id.Name = str(items[len(items)-1])
		}
		k := j.catalog.Relation(on)
		if k != nil {
			o = j.catalog.Objects.Find(kind, id, k)
		}
	case "function", "procedure", "aggregate":
		id = identOf(n.GetObjectWithArgs().GetObjname())
		o, _ = j.routine(n.GetObjectWithArgs())
	default:
		id = identOf(items)
		if str(n) != "" {
			id.Name = str(n)
		}
		o = j.catalog.Objects.Find(kind, id, nil)
	}
	return o, on, id
}

func (j *judge) dropObject(t pg.ObjectType, n *pg.Node) {
	gone, _, id := j.object(t, n)
	if gone == nil {
		return
	}
	j.catalog.Objects.Remove(func(o *lint.Object) bool {
		return o == gone || gone.Kind == "function" && o.Kind == "trigger" && slices.Contains(o.Uses, lint.Use{Other: "function " + gone.ID.Name})
	})
	if t == pg.ObjectType_OBJECT_SCHEMA {
		var inside []*lint.Relation
		j.catalog.Relations(func(k *lint.Relation) {
			if k.Schema == id.Name {
				inside = append(inside, k)
			}
		})
		for _, k := range inside {
			j.dropRelation(k, true)
		}
	}
}

func (j *judge) renameObject(n *pg.RenameStmt) {
	switch n.RenameType {
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		if t := j.catalog.Type(dotted(n.Object.GetList().GetItems())); t != nil {
			j.catalog.RemoveType(t.Name)
			t.Name = n.Newname
			j.catalog.PutType(t)
		}
	case pg.ObjectType_OBJECT_TRIGGER, pg.ObjectType_OBJECT_POLICY, pg.ObjectType_OBJECT_RULE:
		if k := j.relation(n.Relation); k != nil {
			if o := j.catalog.Objects.Find(objectKinds[n.RenameType], schema.Ident{Name: n.Subname}, k); o != nil {
				o.ID.Name = n.Newname
			}
		}
	case pg.ObjectType_OBJECT_SCHEMA:
		if o := j.catalog.Objects.Find("schema", schema.Ident{Name: n.Subname}, nil); o != nil {
			o.ID.Name = n.Newname
		}
	case pg.ObjectType_OBJECT_DOMCONSTRAINT:
		if t := j.catalog.Type(dotted(n.Object.GetList().GetItems())); t != nil {
			for i := range t.Constraints {
				if t.Constraints[i] == n.Subname {
					t.Constraints[i] = n.Newname
				}
			}
		}
	default:
		if o, _, _ := j.object(n.RenameType, n.Object); o != nil {
			o.ID.Name = n.Newname
		}
	}
}

// moves follows a relation's new name in what names it.
func (j *judge) moves(from, to schema.Ident) {
	k := j.catalog.Relation(from)
	if k == nil {
		return
	}
	if to.Schema == "" {
		to.Schema = k.Schema
	}
	old := k.Ident
	j.catalog.Relations(func(o *lint.Relation) {
		if o.Parent == old.String() {
			o.Parent = to.String()
		}
		for i := range o.Constraints {
			if o.Constraints[i].Ref == old {
				o.Constraints[i].Ref = to
			}
		}
	})
}

// referenced is the name of a foreign key's target as the catalog writes it.
func (j *judge) referenced(r *pg.RangeVar) schema.Ident {
	if k := j.relation(r); k != nil {
		return k.Ident
	}
	return ident(r)
}

// renameUses follows a column's new name in what uses it.
func (j *judge) renameUses(k *lint.Relation, from, to string) {
	swap := func(l []string) {
		for i := range l {
			if l[i] == from {
				l[i] = to
			}
		}
	}
	for i := range k.Indexes {
		swap(k.Indexes[i].Uses)
		swap(k.Indexes[i].Include)
		for p := range k.Indexes[i].Columns {
			if k.Indexes[i].Columns[p].Name == from {
				k.Indexes[i].Columns[p].Name = to
			}
		}
	}
	for i := range k.Constraints {
		swap(k.Constraints[i].Columns)
	}
	for i := range k.Dependents {
		swap(k.Dependents[i].Columns)
	}
	follow := func(uses []lint.Use) {
		for i := range uses {
			if uses[i].Relation == k && uses[i].Column == from {
				uses[i].Column = to
			}
		}
	}
	j.views(func(v *lint.Relation) { follow(v.Uses) })
	for _, kind := range []string{"trigger", "policy"} {
		for _, o := range j.catalog.Objects.All(kind) {
			follow(o.Uses)
		}
	}
}

// forgetUses takes away what goes with a dropped column.
func (j *judge) forgetUses(k *lint.Relation, column string) {
	k.Dependents = slices.DeleteFunc(k.Dependents, func(d schema.Dependent) bool { return d.Name == column || slices.Contains(d.Columns, column) })
	k.Constraints = slices.DeleteFunc(k.Constraints, func(q schema.Constraint) bool { return !q.Incoming && slices.Contains(q.Columns, column) })
	k.Indexes = slices.DeleteFunc(k.Indexes, func(x schema.Index) bool {
		return slices.Contains(x.Uses, column) || slices.Contains(x.Include, column) || slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Name == column })
	})
	j.catalog.Objects.Remove(func(o *lint.Object) bool {
		return o.On == k && slices.Contains(o.Uses, lint.Use{Relation: k, Column: column})
	})
}

// inherits gives a new table its parent's columns and constraints.
func (j *judge) inherits(k, parent *lint.Relation, bound *pg.PartitionBoundSpec) {
	if parent == nil {
		k.Partial = true
		return
	}
	k.Partial = k.Partial || parent.Partial
	for _, c := range parent.Columns {
		if k.Column(c.Name) == nil {
			if bound == nil {
				c.Identity = map[bool]string{true: c.Identity}[c.Identity == "serial"]
			}
			k.Columns = append(k.Columns, c)
		}
	}
	for _, q := range parent.Constraints {
		if q.Kind == schema.Check || q.Kind == schema.ForeignKey && bound != nil {
			k.Constraints = append(k.Constraints, q)
		}
	}
	if bound == nil {
		k.Parents = append(k.Parents, parent)
		return
	}
	k.Limits = limitsOf(bound)
	for _, x := range parent.Indexes {
		j.catalog.AddIndex(k, j.copied(k, x))
	}
}

// childrenIf is children where there can be any: a search through every table isn't made for each statement.
func (j *judge) childrenIf(k *lint.Relation) []*lint.Relation {
	if k.Partitioned || j.catalog.Complete {
		return j.children(k)
	}
	return nil
}

func limitsOf(b *pg.PartitionBoundSpec) lint.Limits {
	texts := func(list []*pg.Node) []string {
		var out []string
		for _, n := range list {
			out = append(out, limit(n))
		}
		return out
	}
	if b == nil {
		return lint.Limits{}
	}
	return lint.Limits{Lower: texts(b.Lowerdatums), Upper: texts(b.Upperdatums), Values: texts(b.Listdatums), Modulus: int(b.Modulus), Remainder: int(b.Remainder)}
}

// limit is a bound's value as text: a literal's own, MINVALUE, MAXVALUE, NULL, or an expression.
func limit(n *pg.Node) string {
	if r := n.GetColumnRef(); r != nil {
		return strings.ToUpper(dotted(r.Fields))
	}
	if s := n.GetAConst().GetSval(); s != nil {
		return s.Sval
	}
	return rendered(n)
}

func (j *judge) partitioned(k *lint.Relation, p *pg.PartitionSpec) {
	var cols []string
	for _, n := range p.PartParams {
		if e := n.GetPartitionElem(); e.GetName() != "" {
			cols = append(cols, e.Name)
		} else {
			cols = append(cols, columnsIn(e.GetExpr())...)
		}
	}
	k.Bound = "(" + strings.Join(cols, ", ") + ")"
	k.Options["partition"] = map[pg.PartitionStrategy]string{pg.PartitionStrategy_PARTITION_STRATEGY_LIST: "l", pg.PartitionStrategy_PARTITION_STRATEGY_RANGE: "r", pg.PartitionStrategy_PARTITION_STRATEGY_HASH: "h"}[p.Strategy]
}

// ofType gives a typed table the columns of its type.
func (j *judge) ofType(k *lint.Relation, t *pg.TypeName) {
	k.Partial = true
	name := dotted(t.Names)
	k.Options["of"] = name
	if c := j.catalog.Type(name); c != nil && c.Kind == "composite" && len(c.Values) > 0 {
		k.Partial = false
		for _, a := range c.Values {
			name, typ, _ := strings.Cut(a, " ")
			k.Columns = append(k.Columns, schema.Column{Name: name, Type: typ, Nullable: true})
		}
	}
}

// composite notes a composite type; its attributes are kept as "name type".
func (j *judge) composite(n *pg.CompositeTypeStmt) {
	t := &lint.Type{Name: n.Typevar.GetRelname(), Kind: "composite", Fresh: true}
	for _, c := range n.Coldeflist {
		t.Values = append(t.Values, c.GetColumnDef().GetColname()+" "+typeOf(c.GetColumnDef().GetTypeName()).String())
	}
	j.catalog.PutType(t)
}

func (j *judge) alterComposite(n *pg.AlterTableStmt) {
	t := j.catalog.Type(n.Relation.GetRelname())
	if t == nil {
		return
	}
	for _, c := range n.Cmds {
		a := c.GetAlterTableCmd()
		switch a.Subtype {
		case pg.AlterTableType_AT_AddColumn:
			t.Values = append(t.Values, a.Def.GetColumnDef().GetColname()+" "+typeOf(a.Def.GetColumnDef().GetTypeName()).String())
		case pg.AlterTableType_AT_DropColumn:
			t.Values = slices.DeleteFunc(t.Values, func(v string) bool { return strings.HasPrefix(v, a.Name+" ") })
		}
	}
}

func (j *judge) alterDomain(n *pg.AlterDomainStmt) {
	t := j.catalog.Type(dotted(n.TypeName))
	if t == nil {
		return
	}
	switch n.Subtype {
	case "C", "O":
		t.Check = true
		constrainDomain(t, n.Def.GetConstraint())
	case "X":
		t.Constraints = slices.DeleteFunc(t.Constraints, func(c string) bool { return c == n.Name })
		t.Checks = nil
	}
}

// constrainDomain notes a CHECK under the name that the server gives it.
func constrainDomain(t *lint.Type, q *pg.Constraint) {
	if q.GetContype() != pg.ConstrType_CONSTR_CHECK {
		return
	}
	name := q.Conname
	if name == "" {
		name = t.Name[strings.LastIndexByte(t.Name, '.')+1:] + "_check"
	}
	t.Constraints = append(t.Constraints, name)
	t.Checks = append(t.Checks, rendered(q.RawExpr))
}
