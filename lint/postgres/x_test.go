package postgres
import ("testing"; pg "github.com/pganalyze/pg_query_go/v6")
func TestX(t *testing.T){ r,_:=pg.Parse("alter table t add check (email IS NOT NULL)"); n:=r.Stmts[0].Stmt.GetAlterTableStmt().Cmds[0].GetAlterTableCmd().Def.GetConstraint().RawExpr
 s,e:=pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
                TargetList:  []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n}}}},
                LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}}}}}})
 t.Log(s,e, rendered(n), saysNotNull(rendered(n),"email"), columnsIn(n)) }
