package postgres

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// parsed is one statement as the server's grammar sees it.
type parsed struct {
	node *pg.Node
	// later are parts of the statement that are newer than the grammar.
	later later
}

// parse reads one statement. The error is the grammar's.
func (j *judge) parse(sql string) (*parsed, error) {
	text, l := modern(sql, j.version)
	r, err := pg.Parse(text)
	if err != nil && l.notEnforced { // as a column's constraint, which takes no NOT VALID
		r, err = pg.Parse(strings.ReplaceAll(text, notValid, ""))
	}
	if err != nil && text != sql {
		l = later{}
		r, err = pg.Parse(sql)
	}
	if err != nil {
		return nil, err
	}
	p := &parsed{later: l}
	if len(r.Stmts) > 0 {
		p.node = r.Stmts[0].Stmt
	}
	return p, nil
}

// Syntax is how PostgreSQL's SQL is cut into tokens.
var Syntax = lint.Syntax{Dollar: true, Nested: true, Meta: true}

func str(n *pg.Node) string { return n.GetString_().GetSval() }

// names reads a list of names.
func names(list []*pg.Node) []string {
	var out []string
	for _, n := range list {
		if s := str(n); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func dotted(list []*pg.Node) string { return strings.Join(names(list), ".") }

// option reads a boolean option of VACUUM, REINDEX, CLUSTER and the like: present, or with a value.
func option(list []*pg.Node, name string) bool {
	for _, n := range list {
		d := n.GetDefElem()
		if d == nil || !strings.EqualFold(d.Defname, name) {
			continue
		}
		switch {
		case d.Arg == nil:
			return true
		case d.Arg.GetInteger() != nil:
			return d.Arg.GetInteger().Ival != 0
		case d.Arg.GetBoolean() != nil:
			return d.Arg.GetBoolean().Boolval
		}
		switch strings.ToLower(str(d.Arg)) {
		case "false", "off", "0", "no":
			return false
		}
		return true
	}
	return false
}
