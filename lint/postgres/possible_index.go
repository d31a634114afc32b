package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

func (c *call) indexImpossible(n *pg.IndexStmt) string {
	k := c.relation(n.Relation)
	if k == nil || n.IfNotExists && k.FindIndex(n.Idxname) != nil {
		return ""
	}
	if k.Kind == "view" {
		return fmt.Sprintf("%s is a view", quoted(k.Ident))
	}
	method := n.AccessMethod
	if !c.extended() && c.catalog.Complete && !slices.Contains([]string{"btree", "hash", "gist", "gin", "spgist", "brin"}, method) {
		return "there is no access method " + method
	}
	if why := indexOptionsImpossible(method, n.Options); why != "" && !c.extended() {
		return why
	}
	if method == "hash" && (len(n.IndexParams) > 1 || n.Unique || len(n.IndexIncludingParams) > 0) {
		return "a hash index has one column, isn't unique and includes nothing"
	}
	if n.Unique && (method == "gin" || method == "brin" || method == "gist" || method == "spgist") {
		return "a unique index is a btree"
	}
	var plain []string
	for _, p := range n.IndexParams {
		e := p.GetIndexElem()
		plain = append(plain, e.GetName())
		if why := c.elementImpossible(k, e, method); why != "" {
			return why
		}
	}
	if n.Unique {
		return c.leavesOut(k, plain)
	}
	return ""
}

func (c *call) elementImpossible(k *lint.Relation, e *pg.IndexElem, method string) string {
	if e.GetCollation() != nil && c.noCollation(&pg.CollateClause{Collname: e.Collation}) {
		return "there is no collation " + dotted(e.Collation)
	}
	col := k.Column(e.GetName())
	if col == nil {
		return ""
	}
	if col.Generated == "virtual" && c.version < 190000 {
		return fmt.Sprintf("%s is a virtual generated column, which can't be indexed", quote(e.Name))
	}
	t := c.base(parseType(col.Type))
	text := t.name == "text" || t.name == "varchar" || t.name == "bpchar" || t.name == "citext" || t.name == "name"
	if len(e.Collation) > 0 && !text && group[t.name] != "" {
		return fmt.Sprintf("%s is %s, which has no collation", quote(e.Name), col.Type)
	}
	if class := lastOf(e.Opclass); class != "" {
		if c.catalog.Complete && !c.extended() && !classes()[class] {
			return "there is no operator class " + class
		}
		if strings.HasSuffix(class, "_pattern_ops") && !text {
			return fmt.Sprintf("the operator class %s doesn't take %s", class, col.Type)
		}
		return ""
	}
	switch method {
	case "btree":
		if unordered[t.name] && !t.array {
			return fmt.Sprintf("%s is %s, which has no operator class for btree", quote(e.Name), col.Type)
		}
	case "gin":
		if !t.array && t.name != "jsonb" && t.name != "tsvector" && !c.extended() && group[t.name] != "" {
			return fmt.Sprintf("%s is %s, which has no operator class for gin", quote(e.Name), col.Type)
		}
	case "hash":
		if (t.name == "json" || t.name == "point" || t.name == "xml") && !t.array {
			return fmt.Sprintf("%s is %s, which has no operator class for hash", quote(e.Name), col.Type)
		}
	case "gist":
		if group[t.name] != "" && t.name != "inet" && t.name != "cidr" && !c.extended() {
			return fmt.Sprintf("%s is %s, which has no operator class for gist", quote(e.Name), col.Type)
		}
	}
	return ""
}

// The bits of a trigger's timing and events (TRIGGER_TYPE_… in the server's source).
const (
	onInsert   = 1 << 2
	onDelete   = 1 << 3
	onUpdate   = 1 << 4
	onTruncate = 1 << 5
	before     = 1 << 1
	insteadOf  = 1 << 6
)
