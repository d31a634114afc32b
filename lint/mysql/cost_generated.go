package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// generated is the cost of MODIFY and CHANGE where the column is computed, before or then.
func (j *judge) generated(s *statement, was *schema.Column, col column, k *lint.Relation) cost {
	stored := was.Generated == "stored" || col.generated == "stored"
	if (was.Generated == "virtual") != (col.generated == "virtual") {
		return cost{rule: "invalid-definition", fails: "a VIRTUAL column can't become another kind of column, nor another one VIRTUAL"}
	}
	from, ok := parseType(was.Type)
	alike := ok && was.Generated == col.generated && sameType(from, col.typ)
	switch {
	case j.maria && stored: // whatever is changed, were it the comment alone
	case j.maria && alike && !inIndex(k, was.Name) && !shifts(s, col, k):
		return cost{}
	case j.maria && ok && !inIndex(k, was.Name) && !shifts(s, col, k) && j.longer(was, col, k):
		return cost{}
	case !j.maria && ok && was.Generated == col.generated && sameExpression(was.Definition, col.as) && !quotes(col.as):
		return j.regenerated(s, was, col, k)
	}
	return cost{"change-type", copying, true, "the values of the generated column are computed anew for every row", ""}
}

// sameExpression compares expressions however they are written down.
func sameExpression(a, b string) bool {
	words := func(s string) string {
		out := ""
		for _, t := range Syntax.Tokens(s) {
			if !t.Is("(") && !t.Is(")") {
				out += lower(t.Value()) + " "
			}
		}
		return out
	}
	return words(a) == words(b)
}

// longer: the type of a virtual column differs by no more than a length that costs nothing.
func (j *judge) longer(was *schema.Column, col column, k *lint.Relation) bool {
	from, _ := parseType(was.Type)
	from.charset, from.collate = was.Charset, was.Collation
	x := j.retype(from, j.inherit(col.typ, k), was.Name, k)
	return x.how == instant && x.fails == ""
}

// quotes: the expression holds a text. MySQL keeps it with its character set, and takes one that is written again for another expression.
func quotes(expr string) bool {
	return slices.ContainsFunc(Syntax.Tokens(expr), func(t lint.Token) bool {
		return t.Kind == lint.String && (t.Text[0] == '\'' || t.Text[0] == '"')
	})
}

// regenerated is the cost of another definition of a generated column of MySQL whose expression stays as it is.
func (j *judge) regenerated(s *statement, was *schema.Column, col column, k *lint.Relation) cost {
	from, _ := parseType(was.Type)
	from.charset, from.collate = was.Charset, was.Collation
	to := j.inherit(col.typ, withDefaults(s, k))
	from = j.told(from, to)
	x := j.retype(from, to, was.Name, k)
	switch {
	case x.how != instant || x.fails != "":
		return x
	case col.generated == "stored":
		return j.besideType(s, was, col, k)
	case passesVirtual(col, was.Name, k):
		return cost{"change-type", copying, true, "a virtual column that is moved across another one makes the table be copied", ""}
	case was.Nullable == (col.notNull || col.primary):
		return j.rebuiltFor(k, "NOT NULL")
	}
	return cost{}
}

// passesVirtual: by its new place a virtual column comes before or behind another one.
func passesVirtual(col column, name string, k *lint.Relation) bool {
	if k == nil || !col.first && col.after == "" {
		return false
	}
	var before, then []string
	if col.first {
		then = append(then, lower(name))
	}
	for _, c := range k.Columns {
		if c.Generated == "virtual" {
			before = append(before, lower(c.Name))
			if !same(c.Name, name) {
				then = append(then, lower(c.Name))
			}
		}
		if same(c.Name, col.after) {
			then = append(then, lower(name))
		}
	}
	return !slices.Equal(before, then)
}
