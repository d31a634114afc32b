package postgres

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// plainly writes what most defaults are, a constant or a function without arguments, as the deparser would, at a hundredth of its cost.
func plainly(n *pg.Node) (string, bool) {
	switch x := n.Node.(type) {
	case *pg.Node_AConst:
		return plainConstant(x.AConst)
	case *pg.Node_FuncCall:
		f := x.FuncCall
		if len(f.Funcname) == 1 && len(f.Args)+len(f.AggOrder) == 0 && f.AggFilter == nil && f.Over == nil && !f.AggStar && !f.AggDistinct && !f.FuncVariadic {
			switch name := str(f.Funcname[0]); name {
			case "now", "gen_random_uuid", "uuid_generate_v4", "clock_timestamp", "random":
				return name + "()", true
			}
		}
	}
	return "", false
}

func plainConstant(c *pg.A_Const) (string, bool) {
	switch v := c.Val.(type) {
	case *pg.A_Const_Ival:
		return strconv.Itoa(int(v.Ival.Ival)), true
	case *pg.A_Const_Boolval:
		return strconv.FormatBool(v.Boolval.Boolval), true
	case *pg.A_Const_Sval:
		if s := v.Sval.Sval; !strings.ContainsAny(s, `'\`) {
			return "'" + s + "'", true
		}
	}
	return "", false
}
