package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// tableState looks at statements that only name tables.
func (c *call) tableState() string {
	var list []*pg.RangeVar
	switch n := c.node.Node.(type) {
	case *pg.Node_TruncateStmt:
		for _, r := range n.TruncateStmt.Relations {
			list = append(list, r.GetRangeVar())
		}
	case *pg.Node_LockStmt:
		for _, r := range n.LockStmt.Relations {
			list = append(list, r.GetRangeVar())
		}
	case *pg.Node_VacuumStmt:
		for _, r := range n.VacuumStmt.Rels {
			v := r.GetVacuumRelation()
			list = append(list, v.GetRelation())
			for _, col := range names(v.GetVaCols()) {
				if k := c.relation(v.GetRelation()); whole(k) && k.Column(col) == nil {
					return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(col))
				}
			}
		}
	case *pg.Node_ClusterStmt:
		list = append(list, n.ClusterStmt.Relation)
	case *pg.Node_RefreshMatViewStmt:
		list = append(list, n.RefreshMatViewStmt.Relation)
	case *pg.Node_ReindexStmt:
		if n.ReindexStmt.Kind == pg.ReindexObjectType_REINDEX_OBJECT_INDEX && c.noIndex(ident(n.ReindexStmt.Relation)) {
			return "there is no index " + table(n.ReindexStmt.Relation)
		}
		if n.ReindexStmt.Kind == pg.ReindexObjectType_REINDEX_OBJECT_TABLE {
			list = append(list, n.ReindexStmt.Relation)
		}
	case *pg.Node_CreatePolicyStmt:
		if k := c.relation(n.CreatePolicyStmt.Table); k != nil && c.catalog.Objects.Find("policy", schema.Ident{Name: n.CreatePolicyStmt.PolicyName}, k) != nil {
			return fmt.Sprintf("%s has a policy %s already", quoted(k.Ident), quote(n.CreatePolicyStmt.PolicyName))
		}
		list = append(list, n.CreatePolicyStmt.Table)
	case *pg.Node_AlterPolicyStmt:
		list = append(list, n.AlterPolicyStmt.Table)
		if k := c.relation(n.AlterPolicyStmt.Table); k != nil && c.catalog.Complete && c.catalog.Objects.Find("policy", schema.Ident{Name: n.AlterPolicyStmt.PolicyName}, k) == nil {
			return fmt.Sprintf("%s has no policy %s", quoted(k.Ident), quote(n.AlterPolicyStmt.PolicyName))
		}
	case *pg.Node_RuleStmt:
		list = append(list, n.RuleStmt.Relation)
	case *pg.Node_MergeStmt:
		list = append(list, n.MergeStmt.Relation)
	case *pg.Node_CopyStmt:
		list = append(list, n.CopyStmt.Relation)
		for _, col := range names(n.CopyStmt.Attlist) {
			if k := c.relation(n.CopyStmt.Relation); whole(k) && k.Column(col) == nil {
				return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(col))
			}
		}
	case *pg.Node_CreateTrigStmt:
		if why := c.triggerState(n.CreateTrigStmt); why != "" {
			return why
		}
		list = append(list, n.CreateTrigStmt.Relation)
	case *pg.Node_AlterStatsStmt:
		if id := identOf(n.AlterStatsStmt.Defnames); c.catalog.Complete && !n.AlterStatsStmt.MissingOk && c.catalog.Objects.Find("statistics", id, nil) == nil {
			return "there are no statistics " + quoted(id)
		}
	case *pg.Node_CreateStatsStmt:
		if why := c.statisticsState(n.CreateStatsStmt); why != "" {
			return why
		}
		for _, r := range n.CreateStatsStmt.Relations {
			list = append(list, r.GetRangeVar())
		}
	}
	for _, r := range list {
		if why := c.no(r); why != "" {
			return why
		}
	}
	return ""
}

func (c *call) triggerState(n *pg.CreateTrigStmt) string {
	k := c.relation(n.Relation)
	id := schema.Ident{Name: n.Trigname}
	if k != nil && !n.Replace && c.catalog.Objects.Find("trigger", id, k) != nil {
		return fmt.Sprintf("%s has a trigger %s already", quoted(k.Ident), quote(n.Trigname))
	}
	if whole(k) {
		for _, col := range names(n.Columns) {
			if k.Column(col) == nil {
				return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(col))
			}
		}
	}
	f := identOf(n.Funcname)
	own := c.routinesNamed(f)
	switch {
	case len(own) == 0 && c.catalog.Complete && !c.extended() && !system(f) && !c.made(f.Name) && f.Name != placeholder && builtins()[f.Name].returns != "trigger":
		return "there is no function " + quoted(f)
	case len(own) > 0 && !slices.ContainsFunc(own, func(o *lint.Object) bool { return len(o.Args) == 0 && (o.Returns == "trigger" || o.Returns == "") }):
		return "the function " + quoted(f) + " doesn't return trigger"
	}
	return ""
}

func (c *call) statisticsState(n *pg.CreateStatsStmt) string {
	id := identOf(n.Defnames)
	if !n.IfNotExists && id.Name != "" && c.catalog.Objects.Find("statistics", id, nil) != nil {
		return fmt.Sprintf("there are statistics %s already", quoted(id))
	}
	if len(n.Relations) == 0 {
		return ""
	}
	k := c.relation(n.Relations[0].GetRangeVar())
	for _, e := range n.Exprs {
		if s := e.GetStatsElem(); s.GetName() != "" && whole(k) && k.Column(s.Name) == nil {
			return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(s.Name))
		}
	}
	return ""
}

// typeState looks at statements about types and domains.
func (c *call) typeState() string {
	switch n := c.node.Node.(type) {
	case *pg.Node_CreateEnumStmt:
		if why := c.newType(n.CreateEnumStmt.TypeName); why != "" {
			return why
		}
		return twice(names(n.CreateEnumStmt.Vals), "the value")
	case *pg.Node_CreateRangeStmt:
		for _, o := range n.CreateRangeStmt.Params {
			if d := o.GetDefElem(); d.GetDefname() == "subtype" && c.noType(d.Arg.GetTypeName()) {
				return "there is no type " + dotted(d.Arg.GetTypeName().GetNames())
			}
		}
	case *pg.Node_CompositeTypeStmt:
		var attributes []string
		for _, d := range n.CompositeTypeStmt.Coldeflist {
			if c.noType(d.GetColumnDef().GetTypeName()) {
				return "there is no type " + dotted(d.GetColumnDef().GetTypeName().GetNames())
			}
			attributes = append(attributes, d.GetColumnDef().GetColname())
		}
		if why := twice(attributes, "the attribute"); why != "" {
			return why
		}
		return c.taken(ident(n.CompositeTypeStmt.Typevar))
	case *pg.Node_CreateDomainStmt:
		if c.noType(n.CreateDomainStmt.TypeName) {
			return "there is no type " + dotted(n.CreateDomainStmt.TypeName.Names)
		}
		return c.newType(n.CreateDomainStmt.Domainname)
	case *pg.Node_AlterEnumStmt:
		return c.enumState(n.AlterEnumStmt)
	case *pg.Node_AlterDomainStmt:
		d := n.AlterDomainStmt
		if d.Subtype == "X" && !d.MissingOk || d.Subtype == "V" {
			return c.domainConstraint(d.TypeName, d.Name)
		}
		if t := c.catalog.Type(dotted(d.TypeName)); d.Subtype == "C" && t != nil && slices.Contains(t.Constraints, d.Def.GetConstraint().GetConname()) {
			return fmt.Sprintf("the domain %s has a constraint %s already", t.Name, quote(d.Def.GetConstraint().GetConname()))
		}
		return c.noUserType(d.TypeName)
	}
	return ""
}

func (c *call) newType(list []*pg.Node) string {
	if c.noSchema(identOf(list).Schema) {
		return "there is no schema " + quote(identOf(list).Schema)
	}
	if c.catalog.Complete && c.catalog.Type(dotted(list)) == nil && identOf(list).Schema != "" {
		return ""
	}
	if t := c.catalog.Type(dotted(list)); t != nil && identOf(list).Schema == "" && !strings.Contains(t.Name, ".") && len(t.Values)+len(t.Base) > 0 {
		return "there is a type " + t.Name + " already"
	}
	return c.taken(identOf(list))
}

func twice(list []string, what string) string {
	for i, n := range list {
		if slices.Contains(list[:i], n) {
			return fmt.Sprintf("%s %s is there twice", what, quote(n))
		}
	}
	return ""
}

func (c *call) enumState(n *pg.AlterEnumStmt) string {
	if why := c.noUserType(n.TypeName); why != "" {
		return why
	}
	t := c.catalog.Type(dotted(n.TypeName))
	switch {
	case t == nil:
		return ""
	case t.Kind != "enum":
		return t.Name + " is no enum"
	case !c.catalog.Complete && !t.Fresh:
		if n.OldVal == "" && slices.Contains(t.Values, n.NewVal) && !n.SkipIfNewValExists {
			return fmt.Sprintf("%s has a value '%s' already", t.Name, n.NewVal)
		}
		return ""
	case n.OldVal != "" && !slices.Contains(t.Values, n.OldVal):
		return fmt.Sprintf("%s has no value '%s'", t.Name, n.OldVal)
	case n.NewValNeighbor != "" && !slices.Contains(t.Values, n.NewValNeighbor):
		return fmt.Sprintf("%s has no value '%s'", t.Name, n.NewValNeighbor)
	case slices.Contains(t.Values, n.NewVal) && !n.SkipIfNewValExists:
		return fmt.Sprintf("%s has a value '%s' already", t.Name, n.NewVal)
	}
	return ""
}

// objectState looks at schemas, routines, publications and extensions.
func (c *call) objectState() string {
	find := func(kind, name string) *lint.Object {
		return c.catalog.Objects.Find(kind, schema.Ident{Name: name}, nil)
	}
	switch n := c.node.Node.(type) {
	case *pg.Node_CreateSchemaStmt:
		s := n.CreateSchemaStmt
		if !s.IfNotExists && (find("schema", s.Schemaname) != nil || s.Schemaname == "public" && c.catalog.Complete) {
			return "there is a schema " + quote(s.Schemaname) + " already"
		}
		if strings.HasPrefix(s.Schemaname, "pg_") {
			return "names of schemas that begin with pg_ are the server's own"
		}
	case *pg.Node_CreateExtensionStmt:
		if e := n.CreateExtensionStmt; !e.IfNotExists && (e.Extname == "plpgsql" || find("extension", e.Extname) != nil) {
			return "there is an extension " + quote(e.Extname) + " already"
		}
	case *pg.Node_CallStmt:
		f := identOf(n.CallStmt.GetFunccall().GetFuncname())
		if c.catalog.Complete && !c.extended() && !system(f) && f.Name != placeholder && !c.made(f.Name) && len(c.routinesNamed(f)) == 0 {
			return "there is no procedure " + quoted(f)
		}
	case *pg.Node_AlterExtensionStmt:
		if e := n.AlterExtensionStmt.Extname; c.catalog.Complete && e != "plpgsql" && find("extension", e) == nil {
			return "there is no extension " + quote(e)
		}
	case *pg.Node_DropStmt:
		for _, o := range n.DropStmt.Objects {
			if n.DropStmt.RemoveType == pg.ObjectType_OBJECT_EXTENSION && !n.DropStmt.MissingOk && c.catalog.Complete && str(o) != "plpgsql" && find("extension", str(o)) == nil {
				return "there is no extension " + quote(str(o))
			}
		}
	case *pg.Node_CreateEventTrigStmt:
		return c.eventTriggerState(n.CreateEventTrigStmt)
	case *pg.Node_CreatePublicationStmt:
		if find("publication", n.CreatePublicationStmt.Pubname) != nil {
			return "there is a publication " + quote(n.CreatePublicationStmt.Pubname) + " already"
		}
		return c.published(n.CreatePublicationStmt.Pubobjects)
	case *pg.Node_AlterPublicationStmt:
		return c.publicationState(n.AlterPublicationStmt, find("publication", n.AlterPublicationStmt.Pubname))
	case *pg.Node_CreateFunctionStmt:
		return c.functionState(n.CreateFunctionStmt)
	case *pg.Node_AlterFunctionStmt:
		return c.noObject(n.AlterFunctionStmt.Objtype, &pg.Node{Node: &pg.Node_ObjectWithArgs{ObjectWithArgs: n.AlterFunctionStmt.Func}}, false)
	}
	return ""
}

func (c *call) published(list []*pg.Node) string {
	for _, n := range list {
		if why := c.no(n.GetPublicationObjSpec().GetPubtable().GetRelation()); why != "" {
			return why
		}
	}
	return ""
}

func (c *call) publicationState(n *pg.AlterPublicationStmt, p *lint.Object) string {
	if p == nil {
		if c.catalog.Complete {
			return "there is no publication " + quote(n.Pubname)
		}
		return ""
	}
	if why := c.published(n.Pubobjects); why != "" {
		return why
	}
	for _, o := range n.Pubobjects {
		k := c.relation(o.GetPublicationObjSpec().GetPubtable().GetRelation())
		if k == nil {
			continue
		}
		in := slices.Contains(p.Uses, lint.Use{Relation: k})
		switch {
		case in && n.Action == pg.AlterPublicationAction_AP_AddObjects:
			return fmt.Sprintf("%s is in the publication %s already", quoted(k.Ident), quote(n.Pubname))
		case !in && n.Action == pg.AlterPublicationAction_AP_DropObjects:
			return fmt.Sprintf("%s isn't in the publication %s", quoted(k.Ident), quote(n.Pubname))
		}
	}
	return ""
}

// functionState looks at a new routine, and at one that is replaced: its kind, its result, the names of its arguments and their defaults stay.
func (c *call) functionState(n *pg.CreateFunctionStmt) string {
	if c.noSchema(identOf(n.Funcname).Schema) {
		return "there is no schema " + quote(identOf(n.Funcname).Schema)
	}
	if n.ReturnType != nil && c.noType(n.ReturnType) {
		return "there is no type " + dotted(n.ReturnType.Names)
	}
	o := routineOf(n)
	for i, p := range n.Parameters {
		if c.noType(p.GetFunctionParameter().GetArgType()) {
			return "there is no type " + dotted(p.GetFunctionParameter().GetArgType().GetNames())
		}
		if i < len(o.Names) && o.Names[i] != "" && slices.Contains(o.Names[:i], o.Names[i]) {
			return fmt.Sprintf("the argument %s is there twice", quote(o.Names[i]))
		}
	}
	for _, d := range n.Options {
		if l := d.GetDefElem(); l.GetDefname() == "language" && c.catalog.Complete && len(c.catalog.Objects.All("extension")) == 0 && !slices.Contains([]string{"sql", "plpgsql", "c", "internal", placeholder}, strings.ToLower(str(l.Arg))) {
			return "there is no language " + str(l.Arg)
		}
	}
	return c.replacesRoutine(n, o)
}

func (c *call) replacesRoutine(n *pg.CreateFunctionStmt, o *lint.Object) string {
	for _, old := range c.routinesNamed(o.ID) {
		if !slices.Equal(old.Args, o.Args) || old.Kind == "aggregate" || inSchema(old.ID.Schema) != inSchema(o.ID.Schema) {
			continue
		}
		switch {
		case !n.Replace:
			return fmt.Sprintf("there is a %s %s of these arguments already", old.Kind, quoted(o.ID))
		case old.Kind != o.Kind:
			return fmt.Sprintf("%s is a %s", quoted(o.ID), old.Kind)
		case old.Returns != o.Returns && old.Returns != "" && o.Returns != "":
			return fmt.Sprintf("%s returns %s, which CREATE OR REPLACE can't change", quoted(o.ID), old.Returns)
		case o.Required > old.Required:
			return fmt.Sprintf("CREATE OR REPLACE can't take away a default of an argument of %s", quoted(o.ID))
		}
		for i, name := range old.Names {
			if name != "" && i < len(o.Names) && o.Names[i] != name {
				return fmt.Sprintf("CREATE OR REPLACE can't rename the argument %s of %s", quote(name), quoted(o.ID))
			}
		}
	}
	return ""
}

// eventTriggerState looks at the function that a new event trigger calls.
func (c *call) eventTriggerState(n *pg.CreateEventTrigStmt) string {
	f := identOf(n.Funcname)
	own := c.routinesNamed(f)
	switch {
	case len(own) == 0 && c.catalog.Complete && !c.extended() && !system(f) && f.Name != placeholder:
		return "there is no function " + quoted(f)
	case len(own) > 0 && !slices.ContainsFunc(own, func(o *lint.Object) bool { return o.Returns == "event_trigger" }):
		return "the function " + quoted(f) + " doesn't return event_trigger"
	}
	return ""
}
