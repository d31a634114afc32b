package postgres

import (
	"fmt"
	"math"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// sequenceTypes are the types that a sequence can have, with their largest numbers.
var sequenceTypes = map[string]float64{"int2": math.MaxInt16, "int4": math.MaxInt32, "int8": math.MaxInt64}

// sequenceImpossible looks at the options of a sequence. made says that they are all there are, so that what isn't named has its default.
func sequenceImpossible(options []*pg.Node, made bool) string {
	n, top, kind := map[string]float64{}, sequenceTypes["int8"], ""
	for _, o := range options {
		d := o.GetDefElem()
		if v, ok := numberOf(d.GetArg()); ok {
			n[d.Defname] = v
		}
		if d.GetDefname() == "as" {
			kind = typeOf(d.Arg.GetTypeName()).name
			limit, ok := sequenceTypes[kind]
			if !ok {
				return "a sequence is a smallint, an integer or a bigint, and no " + typeOf(d.Arg.GetTypeName()).String()
			}
			top = limit
		}
	}
	step, stepped := n["increment"]
	low, lows := n["minvalue"]
	high, highs := n["maxvalue"]
	start, starts := n["start"]
	cache, caches := n["cache"]
	switch {
	case stepped && step == 0:
		return "the increment can't be 0"
	case caches && cache < 1:
		return "CACHE is at least 1"
	case (made || kind != "") && (highs && high > top || lows && low < -top-1):
		return "MINVALUE or MAXVALUE is outside of what the sequence's type holds"
	}
	if made && !lows {
		low, lows = 1, true
		if step < 0 {
			low = -top - 1
		}
	}
	if made && !highs {
		high, highs = top, true
		if step < 0 {
			high = -1
		}
	}
	switch {
	case lows && highs && low >= high:
		return "MINVALUE has to be less than MAXVALUE"
	case starts && (lows && start < low || highs && start > high):
		return "START is outside of MINVALUE and MAXVALUE"
	}
	return ""
}

// numberOf reads a number, also one that is too large for 32 bits.
func numberOf(n *pg.Node) (float64, bool) {
	if i := n.GetInteger(); i != nil {
		return float64(i.Ival), true
	}
	if f := n.GetFloat(); f != nil {
		v, err := strconv.ParseFloat(f.Fval, 64)
		return v, err == nil
	}
	return 0, false
}

// identitySequence: the sequence is the one of an identity column, which can be nobody else's.
func (c *call) identitySequence(n *pg.AlterSeqStmt) string {
	for _, o := range n.Options {
		if o.GetDefElem().GetDefname() != "owned_by" {
			continue
		}
		if k, column := c.identityOf(ident(n.Sequence)); k != nil {
			return fmt.Sprintf("the sequence is the identity of %s.%s, and stays with it", quoted(k.Ident), quote(column))
		}
	}
	return ""
}

// identityOf finds the identity column that a sequence was made for, by the name that the server gives it.
func (j *judge) identityOf(id schema.Ident) (*lint.Relation, string) {
	var found *lint.Relation
	column := ""
	j.catalog.Relations(func(k *lint.Relation) {
		for _, col := range k.Columns {
			if (col.Identity == "always" || col.Identity == "by default") && k.Name+"_"+col.Name+"_seq" == id.Name && inSchema(k.Schema) == inSchema(id.Schema) {
				found, column = k, col.Name
			}
		}
	})
	return found, column
}
