package postgres

import (
	"fmt"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// Dialect is PostgreSQL.
func Dialect() *lint.Dialect {
	d := &lint.Dialect{Name: "postgres", Syntax: Syntax, Newest: 180000, Oldest: 100000, New: newJudge, Names: Names}
	for _, r := range rules() {
		d.Rules = append(d.Rules, r.Rule)
	}
	d.Rules = append(d.Rules, lint.Shared()...)
	return d
}

// judge is the simulation of one session.
type judge struct {
	version lint.Version
	catalog *lint.Catalog
	rules   []rule
	file    *lint.File
	next    int // index of the statement behind the one at hand
	tx      transaction
	timeout bool // lock_timeout is set
	utc     bool // the session's TimeZone is UTC
	// unchecked: check_function_bodies is off.
	unchecked bool
	path      string // search_path was set by the file to something else than public
	search    searchPath
	unreached []string // plain names of the statement at hand that search_path doesn't lead to
	// routines are bodies of the file's own procedures and functions, and volatile what is known of functions.
	routines map[string]string
	volatile map[string]bool
	prepared map[string]*pg.Node // by PREPARE, in the session at hand
	depth    int                 // of routine bodies
	// variables are the names that the body at hand declares; looped: the statement at hand stands in a loop of it, and committed: it ends transactions.
	variables         map[string]bool
	looped, committed bool
	said              map[string]bool
	// made and strange: a file of the context has made tables, and has changed some that none has made.
	makes, strange bool
}

func newJudge(v lint.Version, c *lint.Catalog) lint.Judge {
	j := &judge{version: v, catalog: c, rules: rules(), routines: map[string]string{}, volatile: map[string]bool{}}
	for _, f := range append(c.Objects.All("function"), c.Objects.All("procedure")...) { // those of the context
		j.volatile[strings.ToLower(f.ID.Name)] = f.Volatility == "volatile"
	}
	return j
}

// rule is a rule and its test. check reports through the call.
type rule struct {
	lint.Rule
	check func(c *call)
}

// kind is that of a rule of this dialect.
func (j *judge) kind(id string) lint.Kind {
	for i := range j.rules {
		if j.rules[i].ID == id {
			return j.rules[i].Kind
		}
	}
	return ""
}

// call is one rule looking at one statement.
type call struct {
	*judge
	*parsed
	rule *rule
	s    lint.Statement
	out  *[]lint.Finding
}

// said is one finding in the making.
type said struct {
	message, lock, safe string
	severity            lint.Severity
	fix                 *lint.Fix
}

func (c *call) report(x said) {
	if x.severity == lint.Off {
		x.severity = c.rule.Severity
	}
	f := lint.At(c.s, c.rule.ID, x.severity, x.message)
	f.Lock, f.Safe, f.Fix = x.lock, x.safe, x.fix
	*c.out = append(*c.out, f)
}

// Begin starts a file: a session of its own.
func (j *judge) Begin(f *lint.File) {
	j.file, j.next, j.timeout, j.utc, j.path, j.unchecked = f, 0, false, false, "", false
	j.tx, j.search = transaction{}, searchPath{}
	j.said, j.prepared = map[string]bool{}, map[string]*pg.Node{}
	if inOne(f) {
		j.tx.begin(true)
	}
}

// inOne reports whether whoever runs the file runs it in one transaction. Several statements in one message are one;
// Flyway leaves the transaction out if no statement of the file can run inside of one.
func inOne(f *lint.File) bool {
	if f.Single {
		return len(f.Statements) > 1
	}
	if !f.Wrapped || f.Format != lint.Flyway {
		return f.Wrapped
	}
	for _, s := range f.Statements {
		if !outside(s.Text) {
			return true
		}
	}
	return len(f.Statements) == 0
}

// outside guesses by its words whether a statement is one that can't run in a transaction.
func outside(text string) bool {
	t := Syntax.Tokens(text)
	if len(t) == 0 {
		return false
	}
	if t[0].Is("VACUUM") || t[0].Is("SET") {
		return true
	}
	for _, x := range t[:min(len(t), 6)] {
		if x.Is("CONCURRENTLY") {
			return true
		}
	}
	return false
}

// End ends the session; what is open is committed by whoever runs the file, if that one began it, and taken back if the file did. Context that makes every table that it changes is taken for the
// whole schema.
func (j *judge) End() []lint.Finding {
	if j.file.Context {
		j.catalog.Complete = j.makes && !j.strange
	}
	if !j.tx.open || j.tx.wrapped || j.file.Format == lint.Plain && len(j.file.Statements) == 0 {
		return nil
	}
	j.takeBack()
	last := j.file.Statements[len(j.file.Statements)-1]
	return []lint.Finding{lint.At(last, "transaction-left-open", lint.Warning, "the file ends inside a transaction: without COMMIT the server rolls it back when the session ends")}
}

// Statement applies one statement.
func (j *judge) Statement(s lint.Statement) []lint.Finding {
	if j.depth == 0 {
		j.next++
	}
	p, err := j.parse(s.Text)
	if err != nil {
		return []lint.Finding{notJudged(s, err.Error())}
	}
	if p.node = j.carriedOut(p.node); p.node == nil {
		return nil
	}
	j.prepare(p.node)
	j.place(p.node)
	var out []lint.Finding
	c := &call{judge: j, parsed: p, s: s, out: &out}
	for i := range j.rules {
		c.rule = &j.rules[i]
		c.rule.check(c)
	}
	out = j.nothingLeft(out)
	j.hold(p)
	j.loses(p)
	j.apply(p)
	j.fills(p.node)
	return append(out, j.inside(p, s)...)
}

func notJudged(s lint.Statement, why string) lint.Finding {
	f := lint.At(s, lint.NotJudged, lint.Error, "this statement can't be read, so nothing is known about it: "+strings.TrimPrefix(why, "ERROR: "))
	f.Safe = "If the server takes it, look at it by hand and write before it:\n-- phasemig:ignore not-judged reason=\"…\""
	return f
}

func ident(r *pg.RangeVar) schema.Ident {
	return schema.Ident{Schema: r.GetSchemaname(), Name: r.GetRelname()}
}

// identOf reads a name that is a list.
func identOf(list []*pg.Node) schema.Ident {
	n := names(list)
	switch len(n) {
	case 0:
		return schema.Ident{}
	case 1:
		return schema.Ident{Name: n[0]}
	}
	return schema.Ident{Schema: n[len(n)-2], Name: n[len(n)-1]}
}

// relation finds what is known of a relation; nil when nothing is.
func (j *judge) relation(r *pg.RangeVar) *lint.Relation {
	if r == nil {
		return nil
	}
	return j.catalog.Relation(ident(r))
}

// live reports whether a relation is in use: everything is, but for what the file itself has made and what can't be there: that
// fails at once, or does nothing under IF EXISTS.
func (j *judge) live(r *pg.RangeVar) bool {
	if r == nil || r.GetRelpersistence() == "t" || r.GetSchemaname() == "pg_temp" || j.lacks(ident(r)) {
		return false
	}
	k := j.relation(r)
	return k == nil || !k.Fresh
}

// gone: somebody who fails at once is no danger. It is true where the relation can't be there.
func (j *judge) gone(id schema.Ident) bool {
	return j.catalog.Complete && id.Name != placeholder && j.catalog.Relation(id) == nil
}

// alter calls f for each action of an ALTER TABLE on something in use.
func (c *call) alter(f func(t *pg.AlterTableStmt, a *pg.AlterTableCmd)) {
	t := c.node.GetAlterTableStmt()
	if t == nil || !c.live(t.Relation) && t.Objtype != pg.ObjectType_OBJECT_TYPE {
		return
	}
	for _, n := range t.Cmds {
		f(t, n.GetAlterTableCmd())
	}
}

// quote writes a name as SQL needs it.
func quote(name string) string {
	plain := name != ""
	for i, r := range name {
		plain = plain && (r == '_' || r >= 'a' && r <= 'z' || i > 0 && r >= '0' && r <= '9')
	}
	if plain && !reserved[name] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

var reserved = map[string]bool{"user": true, "order": true, "group": true, "table": true, "select": true, "from": true, "where": true, "check": true,
	"column": true, "default": true, "end": true, "grant": true, "primary": true, "references": true, "to": true, "union": true, "unique": true, "all": true, "and": true,
	"any": true, "array": true, "as": true, "asc": true, "desc": true, "case": true, "cast": true, "limit": true, "offset": true, "on": true, "or": true, "not": true, "null": true, "window": true, "with": true, "when": true}

func quoted(id schema.Ident) string {
	if id.Schema != "" {
		return quote(id.Schema) + "." + quote(id.Name)
	}
	return quote(id.Name)
}

func table(r *pg.RangeVar) string { return quoted(ident(r)) }

func list(columns []string) string {
	var out []string
	for _, c := range columns {
		out = append(out, quote(c))
	}
	return strings.Join(out, ", ")
}

func short(parts ...string) string {
	s := strings.Join(parts, "_")
	if len(s) > 63 {
		s = s[:63]
	}
	return s
}

// size says how large a table is, where that is known.
func (j *judge) size(r *pg.RangeVar) string {
	k := j.relation(r)
	if k == nil || k.Rows <= 0 {
		return "the table's size"
	}
	return fmt.Sprintf("the table's size (about %d rows)", k.Rows)
}

const (
	exclusive = "ACCESS EXCLUSIVE"
	shareRow  = "SHARE ROW EXCLUSIVE"
	share     = "SHARE"
)

func blocksAll(what string) string {
	return exclusive + ": reads and writes wait, for a time that grows with " + what
}

// grammar is the version that the deparser asks for.
var grammar = sync.OnceValue(func() int32 {
	r, err := pg.Parse("SELECT 1")
	if err != nil {
		return 0
	}
	return r.Version
})

// rendered is an expression as SQL; "…" where it can't be written.
func rendered(n *pg.Node) string {
	if n == nil {
		return "…"
	}
	if s, ok := plainly(n); ok {
		return s
	}
	s, err := pg.Deparse(selected(n))
	if err != nil {
		return "…"
	}
	return strings.TrimPrefix(s, "SELECT ")
}

// selected is a query of one expression.
func selected(n *pg.Node) *pg.ParseResult {
	return &pg.ParseResult{Version: grammar(), Stmts: []*pg.RawStmt{{Stmt: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList:  []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n}}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}}}}}}
}

// Names lists the tables that a statement names, as far as it can be read.
func Names(text string) []schema.Ident {
	j := &judge{version: 180000}
	p, err := j.parse(text)
	if err != nil || p.node == nil {
		return nil
	}
	var out []schema.Ident
	walk(p.node, func(n *pg.Node) {
		if r := n.GetRangeVar(); r != nil {
			out = append(out, ident(r))
		}
	})
	if t := p.node.GetAlterTableStmt(); t != nil {
		out = append(out, ident(t.Relation))
	}
	if t := p.node.GetIndexStmt(); t != nil {
		out = append(out, ident(t.Relation))
	}
	if t := p.node.GetRenameStmt(); t != nil && t.Relation != nil {
		out = append(out, ident(t.Relation))
	}
	return out
}
