package postgres

import (
	"fmt"
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// tableOptions are the storage parameters of tables, and their bounds where they are numbers.
var tableOptions = map[string][2]int{"fillfactor": {10, 100}, "toast_tuple_target": {128, 8160}, "parallel_workers": {0, 1024}, "autovacuum_enabled": {}, "vacuum_index_cleanup": {}, "vacuum_truncate": {},
	"autovacuum_vacuum_threshold": {}, "autovacuum_vacuum_scale_factor": {}, "autovacuum_vacuum_insert_threshold": {}, "autovacuum_vacuum_insert_scale_factor": {}, "autovacuum_analyze_threshold": {},
	"autovacuum_analyze_scale_factor": {}, "autovacuum_vacuum_cost_delay": {}, "autovacuum_vacuum_cost_limit": {}, "autovacuum_freeze_min_age": {}, "autovacuum_freeze_max_age": {}, "autovacuum_freeze_table_age": {},
	"autovacuum_multixact_freeze_min_age": {}, "autovacuum_multixact_freeze_max_age": {}, "autovacuum_multixact_freeze_table_age": {}, "log_autovacuum_min_duration": {}, "user_catalog_table": {},
	"vacuum_max_eager_freeze_failure_rate": {}, "autovacuum_vacuum_max_threshold": {}, "oids": {}, "security_barrier": {}, "security_invoker": {}, "check_option": {}}

// indexOptions are the storage parameters of indexes, by access method.
var indexOptions = map[string][]string{"btree": {"fillfactor", "deduplicate_items"}, "hash": {"fillfactor"}, "gist": {"fillfactor", "buffering"}, "spgist": {"fillfactor"},
	"gin": {"fastupdate", "gin_pending_list_limit"}, "brin": {"pages_per_range", "autosummarize"}}

func indexOptionsImpossible(method string, options []*pg.Node) string {
	known, ok := indexOptions[method]
	for _, o := range options {
		if d := o.GetDefElem(); ok && !slices.Contains(known, d.GetDefname()) {
			return "an index of the kind " + method + " has no storage parameter " + d.GetDefname()
		} else if n := d.GetArg().GetInteger(); n != nil && d.Defname == "fillfactor" && (n.Ival < 10 || n.Ival > 100) {
			return "fillfactor is from 10 to 100"
		}
	}
	return ""
}

// viewOptionsImpossible looks at the options of a view; security_invoker came with 15.
func (j *judge) viewOptionsImpossible(options []*pg.Node) string {
	for _, o := range options {
		switch d := o.GetDefElem(); {
		case d.GetDefname() == "security_invoker" && j.version < 150000, !slices.Contains([]string{"security_invoker", "security_barrier", "check_option"}, d.GetDefname()):
			return "a view has no option " + d.GetDefname()
		}
	}
	return ""
}

func optionsImpossible(a *pg.AlterTableCmd, partitioned bool) string {
	switch a.Subtype {
	case pg.AlterTableType_AT_SetRelOptions:
		for _, o := range a.Def.GetList().GetItems() {
			d := o.GetDefElem()
			limits, ok := tableOptions[d.GetDefname()]
			if !ok && d.GetDefnamespace() == "" {
				return "there is no storage parameter " + d.GetDefname()
			}
			if n := d.GetArg().GetInteger(); n != nil && limits[1] > 0 && (int(n.Ival) < limits[0] || int(n.Ival) > limits[1]) {
				return d.Defname + " is from " + strconv.Itoa(limits[0]) + " to " + strconv.Itoa(limits[1])
			}
			if partitioned {
				return "a partitioned table has no storage parameters: set them on the partitions"
			}
		}
	case pg.AlterTableType_AT_SetOptions:
		for _, o := range a.Def.GetList().GetItems() {
			if n := o.GetDefElem().GetDefname(); n != "n_distinct" && n != "n_distinct_inherited" {
				return "a column has no option " + n
			}
		}
	}
	return ""
}

func (c *call) createImpossible(n *pg.CreateStmt) string {
	if n.IfNotExists && c.relation(n.Relation) != nil {
		return ""
	}
	if why := optionsImpossible(&pg.AlterTableCmd{Subtype: pg.AlterTableType_AT_SetRelOptions, Def: &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: n.Options}}}}, n.Partspec != nil); why != "" {
		return why
	}
	if why := c.placeImpossible(n); why != "" {
		return why
	}
	var key []string
	if p := n.Partspec; p != nil {
		if p.Strategy == pg.PartitionStrategy_PARTITION_STRATEGY_LIST && len(p.PartParams) > 1 {
			return "a table partitioned by LIST has one column in its key"
		}
		for _, e := range p.PartParams {
			if name := e.GetPartitionElem().GetName(); name != "" {
				key = append(key, name)
			}
		}
	}
	types := map[string]typ{}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil {
			types[d.Colname] = c.base(typeOf(d.TypeName))
		}
	}
	if why := c.createKeys(n, key, types); why != "" {
		return why
	}
	for _, i := range n.InhRelations {
		if parent := c.relation(i.GetRangeVar()); parent != nil && n.Partbound == nil {
			if parent.Partitioned {
				return fmt.Sprintf("%s is partitioned", quoted(parent.Ident))
			}
			for name, t := range types {
				if col := parent.Column(name); col != nil && !parseType(col.Type).equal(t) {
					return fmt.Sprintf("%s is %s in %s", quote(name), col.Type, quoted(parent.Ident))
				}
			}
		}
	}
	if n.OfTypename != nil {
		if d := c.catalog.Type(dotted(n.OfTypename.Names)); d != nil && d.Kind != "composite" {
			return d.Name + " is no composite type"
		}
	}
	return ""
}

func (c *call) createKeys(n *pg.CreateStmt, key []string, types map[string]typ) string {
	primary := 0
	for _, q := range constraintsOf(n) {
		switch q.GetContype() {
		case pg.ConstrType_CONSTR_PRIMARY, pg.ConstrType_CONSTR_UNIQUE:
			if q.Contype == pg.ConstrType_CONSTR_PRIMARY {
				primary++
			}
			cols := names(q.Keys)
			for _, k := range key {
				if !slices.Contains(cols, k) {
					return fmt.Sprintf("a unique key of a partitioned table has to hold its partition key, and %s isn't in it", quote(k))
				}
			}
			for _, col := range cols {
				if t, ok := types[col]; ok && unordered[t.name] && !t.array {
					return fmt.Sprintf("%s is %s, which has no operator class for btree", quote(col), t)
				}
			}
		}
	}
	if primary > 1 {
		return "a table has one primary key"
	}
	for _, e := range n.TableElts {
		d := e.GetColumnDef()
		for _, q := range d.GetConstraints() {
			if q.GetConstraint().GetContype() == pg.ConstrType_CONSTR_IDENTITY && !integer(c.base(typeOf(d.TypeName)).name) {
				return "an identity column is a smallint, integer or bigint, and not " + typeOf(d.TypeName).String()
			}
		}
	}
	return ""
}

func (c *call) triggerImpossible(n *pg.CreateTrigStmt) string {
	if n.Row && n.Events&onTruncate != 0 {
		return "a TRUNCATE trigger is FOR EACH STATEMENT"
	}
	if why := c.transitionImpossible(n); why != "" {
		return why
	}
	if many := n.Events & (onInsert | onDelete | onUpdate); len(n.TransitionRels) > 0 && (many&(many-1) != 0 || len(n.Columns) > 0) {
		return "a trigger with transition tables is for one event, and for every column"
	}
	which := map[string]bool{}
	walk(n.WhenClause, func(m *pg.Node) {
		if r := m.GetColumnRef(); r != nil && len(r.Fields) > 1 {
			which[str(r.Fields[0])] = true
		}
	})
	switch {
	case !n.Row && len(which) > 0:
		return "WHEN of a trigger FOR EACH STATEMENT can't name columns"
	case n.Timing&insteadOf != 0 && !n.Row:
		return "an INSTEAD OF trigger is FOR EACH ROW"
	case n.Timing&insteadOf != 0 && len(n.Columns) > 0:
		return "an INSTEAD OF trigger has no list of columns"
	case which["old"] && n.Events&onInsert != 0:
		return "WHEN of an INSERT trigger can't name OLD"
	case which["new"] && n.Events&onDelete != 0:
		return "WHEN of a DELETE trigger can't name NEW"
	}
	k := c.relation(n.Relation)
	switch {
	case k == nil || k.Partial:
	case k.Kind == "matview":
		return fmt.Sprintf("%s is a materialized view, which has no triggers", quoted(k.Ident))
	case n.Row && n.Timing&before != 0 && namesGenerated(n.WhenClause, k):
		return "WHEN of a BEFORE trigger can't name a generated column of NEW"
	case k.Kind == "view" && n.Row && n.Timing&insteadOf == 0:
		return fmt.Sprintf("%s is a view, whose row triggers are INSTEAD OF", quoted(k.Ident))
	case k.Kind == "table" && n.Timing&insteadOf != 0:
		return fmt.Sprintf("%s is a table, and INSTEAD OF is for views", quoted(k.Ident))
	}
	return ""
}

// transitionImpossible looks at REFERENCING OLD TABLE and NEW TABLE.
func (c *call) transitionImpossible(n *pg.CreateTrigStmt) string {
	for _, t := range n.TransitionRels {
		k := c.relation(n.Relation)
		switch fresh := t.GetTriggerTransition().GetIsNew(); {
		case n.Timing&(before|insteadOf) != 0:
			return "transition tables are for AFTER triggers"
		case fresh && n.Events&onDelete != 0:
			return "a trigger on DELETE has no NEW TABLE"
		case !fresh && n.Events&onInsert != 0:
			return "a trigger on INSERT has no OLD TABLE"
		case n.Row && k != nil && k.Partitioned:
			return quoted(k.Ident) + " is partitioned, and its row triggers have no transition tables"
		}
	}
	return ""
}

// namesGenerated: a condition names a generated column of NEW.
func namesGenerated(when *pg.Node, k *lint.Relation) bool {
	found := false
	walk(when, func(m *pg.Node) {
		if r := m.GetColumnRef(); r != nil && len(r.Fields) == 2 && str(r.Fields[0]) == "new" {
			col := k.Column(str(r.Fields[1]))
			found = found || col != nil && col.Generated != ""
		}
	})
	return found
}

// alterPolicyImpossible: what a policy is for decides which conditions it has.
func (c *call) alterPolicyImpossible(n *pg.AlterPolicyStmt) string {
	k := c.relation(n.Table)
	if k == nil {
		return ""
	}
	p := c.catalog.Objects.Find("policy", schema.Ident{Name: n.PolicyName}, k)
	if p == nil || p.Policy == nil {
		return ""
	}
	return policyImpossible(&pg.CreatePolicyStmt{CmdName: p.Policy.Command, Qual: n.Qual, WithCheck: n.WithCheck})
}

func policyImpossible(n *pg.CreatePolicyStmt) string {
	switch {
	case n.CmdName == "insert" && n.Qual != nil:
		return "a policy FOR INSERT has WITH CHECK, and no USING"
	case (n.CmdName == "select" || n.CmdName == "delete") && n.WithCheck != nil:
		return "a policy FOR SELECT or DELETE has USING, and no WITH CHECK"
	}
	return ""
}
