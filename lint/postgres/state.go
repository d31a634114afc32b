package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// state says what a statement, other than ALTER TABLE, names that isn't there, or makes that is there already.
func (c *call) state() string {
	switch n := c.node.Node.(type) {
	case *pg.Node_CreateStmt:
		return c.createState(n.CreateStmt)
	case *pg.Node_CreateTableAsStmt:
		if i := n.CreateTableAsStmt.Into.GetRel(); i != nil && !n.CreateTableAsStmt.IfNotExists {
			return c.newName(i)
		}
	case *pg.Node_ViewStmt:
		if !n.ViewStmt.Replace {
			return c.newName(n.ViewStmt.View)
		}
	case *pg.Node_CreateSeqStmt:
		return c.newSequence(n.CreateSeqStmt)
	case *pg.Node_AlterSeqStmt:
		if r := n.AlterSeqStmt.Sequence; c.lacks(ident(r)) && !n.AlterSeqStmt.MissingOk {
			return "there is no sequence " + table(r)
		}
		return c.owner(n.AlterSeqStmt.Sequence, n.AlterSeqStmt.Options)
	case *pg.Node_IndexStmt:
		return c.indexState(n.IndexStmt)
	case *pg.Node_RenameStmt:
		return c.renameState(n.RenameStmt)
	case *pg.Node_AlterObjectSchemaStmt:
		return c.moveState(n.AlterObjectSchemaStmt)
	case *pg.Node_DropStmt:
		return c.dropState(n.DropStmt)
	case *pg.Node_CommentStmt:
		return c.commentState(n.CommentStmt)
	case *pg.Node_GrantStmt:
		return c.grantState(n.GrantStmt)
	case *pg.Node_AlterTableStmt:
		return c.attributeState(n.AlterTableStmt)
	}
	if why := c.tableState(); why != "" {
		return why
	}
	if why := c.typeState(); why != "" {
		return why
	}
	return c.objectState()
}

// no says that a relation isn't there.
func (c *call) no(r *pg.RangeVar) string {
	if r != nil && c.lacks(ident(r)) {
		return "there is no table " + table(r)
	}
	return ""
}

// newName says why a relation can't be made under a name.
func (c *call) newName(r *pg.RangeVar) string {
	if r.Relpersistence == "t" {
		return ""
	}
	if c.noSchema(r.Schemaname) {
		return "there is no schema " + quote(r.Schemaname)
	}
	return c.taken(ident(r))
}

// taken says what has a name already. Relations, indexes and types share theirs.
func (c *call) taken(id schema.Ident) string {
	if c.path != "" && id.Schema == "" {
		return "" // it is made in another schema
	}
	if k := c.exact(id); k != nil && !k.Partial || k != nil && k.Kind == "matview" {
		return fmt.Sprintf("there is a %s %s already", kindName(k), quoted(id))
	}
	if !c.catalog.Complete {
		return ""
	}
	if r, x := c.catalog.Owner(id.Name); x != nil && inSchema(r.Schema) == inSchema(id.Schema) {
		return fmt.Sprintf("there is an index %s already", quoted(id))
	}
	if t := c.catalog.Type(id.Name); t != nil && id.Schema == "" {
		return fmt.Sprintf("there is a type %s already", quoted(id))
	}
	return ""
}

func kindName(k *lint.Relation) string {
	if k.Kind == "matview" {
		return "materialized view"
	}
	return k.Kind
}

func (c *call) createState(n *pg.CreateStmt) string {
	if k := c.exact(ident(n.Relation)); k != nil && n.IfNotExists {
		return ""
	}
	if k := c.exact(ident(n.Relation)); k == nil || k.Kind != "table" { // a table is said by another rule
		if why := c.newName(n.Relation); why != "" {
			return why
		}
	}
	for _, i := range n.InhRelations {
		if why := c.no(i.GetRangeVar()); why != "" {
			return why
		}
	}
	if n.OfTypename != nil && c.noType(n.OfTypename) {
		return "there is no type " + dotted(n.OfTypename.Names)
	}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil && c.noType(d.TypeName) {
			return "there is no type " + dotted(d.TypeName.Names)
		}
		if l := e.GetTableLikeClause(); l != nil && c.no(l.Relation) != "" {
			return c.no(l.Relation)
		}
	}
	return c.createColumns(n)
}

// createColumns looks at the names of a new table's columns and constraints.
func (c *call) createColumns(n *pg.CreateStmt) string {
	has, named := c.columnsOf(n)
	if has == nil {
		return ""
	}
	seen := map[string]bool{}
	for _, name := range named {
		if seen[name] {
			return fmt.Sprintf("the column %s is there twice", quote(name))
		}
		seen[name] = true
	}
	constraints := map[string]bool{}
	for _, q := range constraintsOf(n) {
		if q.Conname != "" && constraints[q.Conname] {
			return fmt.Sprintf("the constraint %s is there twice", quote(q.Conname))
		}
		constraints[q.Conname] = true
		for _, col := range append(names(q.Keys), names(q.FkAttrs)...) {
			if !has[col] {
				return "there is no column " + quote(col)
			}
		}
	}
	for _, p := range n.Partspec.GetPartParams() {
		if e := p.GetPartitionElem(); e.GetName() != "" && !has[e.Name] {
			return "there is no column " + quote(e.Name)
		}
	}
	return ""
}

// columnsOf lists a new table's columns, nil where not all of them are known; named are those that are written or copied.
func (c *call) columnsOf(n *pg.CreateStmt) (has map[string]bool, named []string) {
	has = map[string]bool{}
	take := func(r *pg.RangeVar, copied bool) bool {
		k := c.relation(r)
		if !whole(k) {
			return false
		}
		for _, col := range k.Columns {
			has[col.Name] = true
			if copied {
				named = append(named, col.Name)
			}
		}
		return true
	}
	for _, i := range n.InhRelations {
		if !take(i.GetRangeVar(), false) {
			return nil, nil
		}
	}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil {
			has[d.Colname] = true
			named = append(named, d.Colname)
		}
		if l := e.GetTableLikeClause(); l != nil && !take(l.Relation, true) {
			return nil, nil
		}
	}
	if n.OfTypename != nil {
		return nil, nil
	}
	return has, named
}

func (c *call) newSequence(n *pg.CreateSeqStmt) string {
	if n.IfNotExists && c.exact(ident(n.Sequence)) != nil {
		return ""
	}
	if why := c.newName(n.Sequence); why != "" {
		return why
	}
	return c.owner(n.Sequence, n.Options)
}

// owner looks at OWNED BY.
func (c *call) owner(seq *pg.RangeVar, options []*pg.Node) string {
	for _, o := range options {
		d := o.GetDefElem()
		if d.GetDefname() != "owned_by" {
			continue
		}
		n := names(d.Arg.GetList().GetItems())
		if len(n) < 2 {
			continue
		}
		id := schema.Ident{Name: n[len(n)-2]}
		if len(n) > 2 {
			id.Schema = n[len(n)-3]
		}
		k := c.catalog.Relation(id)
		switch {
		case c.lacks(id):
			return "there is no table " + quoted(id)
		case whole(k) && k.Column(n[len(n)-1]) == nil:
			return fmt.Sprintf("%s has no column %s", quoted(id), quote(n[len(n)-1]))
		case whole(k) && inSchema(k.Schema) != inSchema(seq.GetSchemaname()) && c.catalog.Complete:
			return fmt.Sprintf("the sequence %s isn't in the schema of %s", table(seq), quoted(k.Ident))
		}
	}
	return ""
}

func (c *call) indexState(n *pg.IndexStmt) string {
	if why := c.no(n.Relation); why != "" {
		return why
	}
	k := c.relation(n.Relation)
	if n.Idxname != "" && k != nil {
		if k.FindIndex(n.Idxname) != nil && n.IfNotExists {
			return ""
		}
		if k.FindIndex(n.Idxname) != nil {
			return fmt.Sprintf("there is an index %s already", quote(n.Idxname))
		}
		if why := c.taken(schema.Ident{Schema: k.Schema, Name: n.Idxname}); why != "" && !n.IfNotExists {
			return why
		}
	}
	if !whole(k) {
		return ""
	}
	for _, p := range append(slices.Clone(n.IndexParams), n.IndexIncludingParams...) {
		if e := p.GetIndexElem(); e.GetName() != "" && k.Column(e.Name) == nil {
			return fmt.Sprintf("%s has no column %s", table(n.Relation), quote(e.Name))
		}
	}
	return ""
}

func (c *call) renameState(n *pg.RenameStmt) string {
	k := c.relation(n.Relation)
	switch n.RenameType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE, pg.ObjectType_OBJECT_FOREIGN_TABLE:
		if c.lacks(ident(n.Relation)) {
			if n.MissingOk {
				return ""
			}
			return fmt.Sprintf("there is no %s %s", kindOf(n.RenameType), table(n.Relation))
		}
		return c.taken(schema.Ident{Schema: n.Relation.Schemaname, Name: n.Newname})
	case pg.ObjectType_OBJECT_INDEX:
		if c.noIndex(ident(n.Relation)) {
			if n.MissingOk {
				return ""
			}
			return "there is no index " + table(n.Relation)
		}
		return c.taken(schema.Ident{Schema: n.Relation.GetSchemaname(), Name: n.Newname})
	case pg.ObjectType_OBJECT_COLUMN, pg.ObjectType_OBJECT_TABCONSTRAINT:
		if why := c.no(n.Relation); why != "" && !n.MissingOk {
			return why
		}
		return renamedInside(k, n)
	case pg.ObjectType_OBJECT_TRIGGER, pg.ObjectType_OBJECT_POLICY, pg.ObjectType_OBJECT_RULE:
		kind := objectKinds[n.RenameType]
		if why := c.no(n.Relation); why != "" || k == nil {
			return why
		}
		if c.catalog.Complete && !n.MissingOk && c.catalog.Objects.Find(kind, schema.Ident{Name: n.Subname}, k) == nil {
			return fmt.Sprintf("%s has no %s %s", quoted(k.Ident), kind, quote(n.Subname))
		}
		if c.catalog.Objects.Find(kind, schema.Ident{Name: n.Newname}, k) != nil {
			return fmt.Sprintf("%s has a %s %s already", quoted(k.Ident), kind, quote(n.Newname))
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		if why := c.noUserType(n.Object.GetList().GetItems()); why != "" {
			return why
		}
		if c.catalog.Type(n.Newname) != nil {
			return "there is a type " + quote(n.Newname) + " already"
		}
	case pg.ObjectType_OBJECT_DOMCONSTRAINT:
		return c.domainConstraint(n.Object.GetList().GetItems(), n.Subname)
	case pg.ObjectType_OBJECT_SCHEMA:
		if c.noSchema(n.Subname) {
			return "there is no schema " + quote(n.Subname)
		}
		if c.catalog.Objects.Find("schema", schema.Ident{Name: n.Newname}, nil) != nil || n.Newname == "public" && c.catalog.Complete {
			return "there is a schema " + quote(n.Newname) + " already"
		}
	case pg.ObjectType_OBJECT_ATTRIBUTE:
		return c.attributeOf(n.Relation.GetRelname(), n.Subname)
	default:
		return c.noObject(n.RenameType, n.Object, n.MissingOk)
	}
	return ""
}

func renamedInside(k *lint.Relation, n *pg.RenameStmt) string {
	if !whole(k) {
		return ""
	}
	if n.RenameType == pg.ObjectType_OBJECT_TABCONSTRAINT {
		switch {
		case !hasConstraint(k, n.Subname) && !serverGiven(n.Subname):
			return fmt.Sprintf("%s has no constraint %s", quoted(k.Ident), quote(n.Subname))
		case hasConstraint(k, n.Newname):
			return fmt.Sprintf("%s has a constraint %s already", quoted(k.Ident), quote(n.Newname))
		}
		return ""
	}
	switch {
	case k.Column(n.Subname) == nil:
		return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(n.Subname))
	case k.Column(n.Newname) != nil:
		return fmt.Sprintf("%s has a column %s already", quoted(k.Ident), quote(n.Newname))
	}
	return ""
}

func (c *call) moveState(n *pg.AlterObjectSchemaStmt) string {
	if c.noSchema(n.Newschema) {
		return "there is no schema " + quote(n.Newschema)
	}
	if n.Relation == nil {
		if n.ObjectType == pg.ObjectType_OBJECT_TYPE || n.ObjectType == pg.ObjectType_OBJECT_DOMAIN {
			return c.noUserType(n.Object.GetList().GetItems())
		}
		return c.noObject(n.ObjectType, n.Object, n.MissingOk)
	}
	if c.lacks(ident(n.Relation)) {
		if n.MissingOk {
			return ""
		}
		return "there is no table " + table(n.Relation)
	}
	to := schema.Ident{Schema: n.Newschema, Name: n.Relation.Relname}
	if k := c.exact(to); k != nil && k != c.relation(n.Relation) {
		return fmt.Sprintf("there is a %s %s already", kindName(k), quoted(to))
	}
	return ""
}

// noUserType says that a type isn't there.
func (c *call) noUserType(list []*pg.Node) string {
	if c.noType(&pg.TypeName{Names: list}) {
		return "there is no type " + dotted(list)
	}
	return ""
}

func (c *call) domainConstraint(domain []*pg.Node, name string) string {
	if why := c.noUserType(domain); why != "" {
		return why
	}
	if t := c.catalog.Type(dotted(domain)); t != nil && t.Kind == "domain" && !slices.Contains(t.Constraints, name) && !serverGiven(name) {
		return fmt.Sprintf("the domain %s has no constraint %s", dotted(domain), quote(name))
	}
	return ""
}

// noObject says that a schema, routine, trigger, policy, rule, statistics or publication isn't there.
func (c *call) noObject(t pg.ObjectType, n *pg.Node, missingOk bool) string {
	kind := objectKinds[t]
	if !c.catalog.Complete || kind == "" || missingOk || kind == "extension" {
		return ""
	}
	o, on, id := c.object(t, n)
	switch {
	case id.Name == placeholder || id.Name == "":
		return ""
	case on.Name != "" && c.lacks(on):
		return "there is no table " + quoted(on)
	case on.Name != "" && c.catalog.Relation(on) == nil:
		return ""
	case kind == "schema":
		if c.noSchema(id.Name) {
			return "there is no schema " + quote(id.Name)
		}
		return ""
	}
	if f := n.GetObjectWithArgs(); f != nil {
		return c.noRoutine(kind, f, t)
	}
	if o == nil {
		return fmt.Sprintf("there is no %s %s", kind, quoted(id))
	}
	return ""
}

func (c *call) noRoutine(kind string, f *pg.ObjectWithArgs, t pg.ObjectType) string {
	o, certain := c.routine(f)
	id := identOf(f.Objname)
	if c.extended() || system(id) || !certain {
		return ""
	}
	if o == nil {
		return fmt.Sprintf("there is no %s %s of these arguments", kind, quoted(id))
	}
	if o.Kind != kind && t != pg.ObjectType_OBJECT_ROUTINE {
		return fmt.Sprintf("%s is a %s", quoted(id), o.Kind)
	}
	return ""
}

func (c *call) dropState(n *pg.DropStmt) string {
	for _, o := range n.Objects {
		if why := c.dropOne(n, o); why != "" {
			return why
		}
	}
	return ""
}

// relationKinds are the kinds of relations that DROP tells apart.
var relationKinds = map[pg.ObjectType]string{pg.ObjectType_OBJECT_TABLE: "table", pg.ObjectType_OBJECT_VIEW: "view", pg.ObjectType_OBJECT_MATVIEW: "matview", pg.ObjectType_OBJECT_SEQUENCE: "sequence"}

func (c *call) dropOne(n *pg.DropStmt, o *pg.Node) string {
	items := o.GetList().GetItems()
	id := identOf(items)
	switch n.RemoveType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE:
		if c.lacks(id) {
			if n.MissingOk || c.ownSequence(id) {
				return ""
			}
			return fmt.Sprintf("there is no %s %s", kindOf(n.RemoveType), quoted(id))
		}
		if k := c.catalog.Relation(id); k != nil && (!k.Partial || k.Kind == "matview") && k.Kind != relationKinds[n.RemoveType] {
			return fmt.Sprintf("%s is a %s", quoted(id), kindName(k))
		}
	case pg.ObjectType_OBJECT_INDEX:
		if c.noIndex(id) && !n.MissingOk {
			return "there is no index " + quoted(id)
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		return c.dropType(n, o.GetTypeName())
	default:
		return c.noObject(n.RemoveType, o, n.MissingOk)
	}
	return ""
}

func (c *call) dropType(n *pg.DropStmt, t *pg.TypeName) string {
	if c.noType(t) {
		if n.MissingOk {
			return ""
		}
		return "there is no type " + dotted(t.Names)
	}
	if k := c.catalog.Relation(identOf(t.GetNames())); k != nil && c.catalog.Type(dotted(t.Names)) == nil && k.Kind == "table" && !k.Partial {
		return fmt.Sprintf("%s is a table's", dotted(t.Names))
	}
	if d := c.catalog.Type(dotted(t.GetNames())); d != nil && n.RemoveType == pg.ObjectType_OBJECT_DOMAIN && d.Kind != "domain" {
		return fmt.Sprintf("%s is no domain", d.Name)
	}
	return ""
}

// ownSequence: the one that the server makes for a serial or an identity.
func (j *judge) ownSequence(id schema.Ident) bool {
	t, _ := j.sequenceOf(id)
	return t != nil
}

func (j *judge) sequenceOf(id schema.Ident) (*lint.Relation, *schema.Column) {
	var found *lint.Relation
	var of *schema.Column
	j.catalog.Relations(func(k *lint.Relation) {
		for i := range k.Columns {
			if col := &k.Columns[i]; col.Identity != "" && id.Name == k.Name+"_"+col.Name+"_seq" {
				found, of = k, col
			}
		}
	})
	return found, of
}

func (c *call) commentState(n *pg.CommentStmt) string {
	items := n.Object.GetList().GetItems()
	switch n.Objtype {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_SEQUENCE:
		if id := identOf(items); c.lacks(id) && !c.ownSequence(id) {
			return fmt.Sprintf("there is no %s %s", kindOf(n.Objtype), quoted(id))
		}
	case pg.ObjectType_OBJECT_INDEX:
		if c.noIndex(identOf(items)) {
			return "there is no index " + quoted(identOf(items))
		}
	case pg.ObjectType_OBJECT_COLUMN, pg.ObjectType_OBJECT_TABCONSTRAINT:
		if len(items) < 2 {
			return ""
		}
		id, name := identOf(items[:len(items)-1]), str(items[len(items)-1])
		k := c.catalog.Relation(id)
		switch {
		case c.lacks(id) && c.catalog.Type(dotted(items[:len(items)-1])) == nil:
			return "there is no table " + quoted(id)
		case whole(k) && n.Objtype == pg.ObjectType_OBJECT_COLUMN && k.Column(name) == nil:
			return fmt.Sprintf("%s has no column %s", quoted(id), quote(name))
		case whole(k) && n.Objtype == pg.ObjectType_OBJECT_TABCONSTRAINT && !hasConstraint(k, name) && !serverGiven(name):
			return fmt.Sprintf("%s has no constraint %s", quoted(id), quote(name))
		}
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		if c.noType(n.Object.GetTypeName()) {
			return "there is no type " + dotted(n.Object.GetTypeName().Names)
		}
	default:
		return c.noObject(n.Objtype, n.Object, false)
	}
	return ""
}

func (c *call) grantState(n *pg.GrantStmt) string {
	if n.Targtype != pg.GrantTargetType_ACL_TARGET_OBJECT {
		return ""
	}
	for _, o := range n.Objects {
		if r := o.GetRangeVar(); r != nil {
			if id := ident(r); c.lacks(id) && !c.ownSequence(id) {
				return "there is no table " + table(r)
			}
			k := c.relation(r)
			for _, p := range n.Privileges {
				for _, col := range names(p.GetAccessPriv().GetCols()) {
					if whole(k) && k.Column(col) == nil {
						return fmt.Sprintf("%s has no column %s", table(r), quote(col))
					}
				}
			}
		}
		if n.Objtype == pg.ObjectType_OBJECT_SCHEMA && c.noSchema(str(o)) {
			return "there is no schema " + quote(str(o))
		}
		if n.Objtype == pg.ObjectType_OBJECT_FUNCTION || n.Objtype == pg.ObjectType_OBJECT_PROCEDURE {
			if why := c.noObject(n.Objtype, o, false); why != "" {
				return why
			}
		}
	}
	return ""
}

// attributeState looks at the attributes of a composite type.
func (c *call) attributeState(n *pg.AlterTableStmt) string {
	for _, m := range n.Cmds {
		a := m.GetAlterTableCmd()
		switch a.Subtype {
		case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_AlterColumnType:
			if why := c.attributeOf(n.Relation.GetRelname(), a.Name); why != "" && !a.MissingOk {
				return why
			}
		case pg.AlterTableType_AT_AddColumn:
			if t := c.catalog.Type(n.Relation.GetRelname()); t != nil && hasAttribute(t, a.Def.GetColumnDef().GetColname()) {
				return fmt.Sprintf("the type %s has an attribute %s already", t.Name, a.Def.GetColumnDef().GetColname())
			}
		}
	}
	return ""
}

func hasAttribute(t *lint.Type, name string) bool {
	return slices.ContainsFunc(t.Values, func(v string) bool { return len(v) > len(name) && v[:len(name)+1] == name+" " })
}

func (c *call) attributeOf(typeName, attribute string) string {
	t := c.catalog.Type(typeName)
	if t == nil {
		return c.noUserType([]*pg.Node{pg.MakeStrNode(typeName)})
	}
	if t != nil && t.Kind == "composite" && !hasAttribute(t, attribute) {
		return fmt.Sprintf("the type %s has no attribute %s", typeName, quote(attribute))
	}
	return ""
}
