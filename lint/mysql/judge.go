package mysql

import (
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// Dialect is MySQL.
func Dialect() *lint.Dialect { return dialect("mysql", false, 90700, 50700) }

// MariaDB is MariaDB.
func MariaDB() *lint.Dialect { return dialect("mariadb", true, 101100, 100400) }

func dialect(name string, maria bool, newest, oldest lint.Version) *lint.Dialect {
	d := &lint.Dialect{Name: name, Syntax: Syntax, Newest: newest, Oldest: oldest, Names: Names,
		New: func(v lint.Version, c *lint.Catalog) lint.Judge {
			return &judge{maria: maria, version: v, catalog: c, rules: rules(maria), texts: map[string]string{}, prepared: map[string]string{}, accounts: map[string]bool{}, spaces: map[string]bool{}, given: dumped(c)}
		}}
	for _, r := range rules(maria) {
		d.Rules = append(d.Rules, r.Rule)
	}
	d.Rules = append(d.Rules, lint.Shared()...)
	return d
}

// dumped reports whether the catalog holds tables that were read from SQL: then it is a whole schema. What was asked of a server is
// only what the files name.
func dumped(c *lint.Catalog) bool {
	found := false
	c.Relations(func(r *lint.Relation) {
		found = found || !r.Partial && len(r.Columns) > 0 && r.Columns[0].Class == ""
	})
	return found
}

// judge is the simulation of sessions, one a file.
type judge struct {
	session
	maria   bool
	version lint.Version
	catalog *lint.Catalog
	rules   []rule
	file    *lint.File
	next    int
	depth   int
	// texts are what user variables hold, prepared what PREPARE took.
	texts, prepared map[string]string
	given           bool // a schema was read before the files
	// locals are the parameters and variables of the body at hand, in lower case.
	locals map[string]bool
	// accounts are the users and roles that the schema or a file has made or given rights, as plainText writes them.
	accounts map[string]bool
	spaces   map[string]bool // tablespaces that a statement has made
	piled    bool            // inside of a loop whose batches are one transaction
}

// session is what a file has set, locked, granted so far.
type session struct {
	timeout   bool              // lock_wait_timeout is set
	loose     bool              // MySQL: restrict_fk_on_non_standard_key is off
	unchecked bool              // foreign_key_checks = 0
	committed bool              // READ COMMITTED: INSERT … SELECT locks nothing
	trusts    bool              // log_bin_trust_function_creators is on
	oracle    bool              // sql_mode is ORACLE
	ansi      bool              // sql_mode has ANSI_QUOTES
	lax       bool              // sql_mode isn't strict: a value that doesn't fit is changed, and one that is missing is made up
	dates     *bool             // sql_mode takes zero dates; nil: it is the server's own
	keyed     bool              // MySQL: sql_require_primary_key
	keeps     bool              // MariaDB: system_versioning_alter_history = KEEP
	usual     string            // ALGORITHM of the session: alter_algorithm of MariaDB, old_alter_table of MySQL
	held      map[string]string // by LOCK TABLES: names in lower case, and READ or WRITE
	granted   map[string]bool   // rights that nobody had before
	said      map[string]bool   // what is said once
	made      map[string]bool   // accounts and databases of the file's own, as madeNames writes them
	tx        running
}

// rule is a rule and its test.
type rule struct {
	lint.Rule
	check func(c *call)
}

// call is one rule looking at one statement.
type call struct {
	*judge
	*statement
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
	j.file, j.next = f, 0
	j.session = session{granted: map[string]bool{}, said: map[string]bool{}, made: map[string]bool{}}
	j.given = j.given || f.Context
}

// End ends the session.
func (j *judge) End() []lint.Finding { return nil }

// Statement applies one statement.
func (j *judge) Statement(s lint.Statement) []lint.Finding {
	if j.depth == 0 {
		j.next++
	}
	s.Text = j.plain(s.Text)
	p, err := read(s.Text)
	if err != nil {
		f := lint.At(s, lint.NotJudged, lint.Error, "this statement can't be read, so nothing is known about it: "+err.Error())
		f.Safe = "If the server takes it, look at it by hand and write before it:\n-- phasemig:ignore not-judged reason=\"…\""
		return []lint.Finding{f}
	}
	j.leaveIdle(p)
	if len(j.locals) > 0 {
		j.markLocals(p.where)
	}
	if p.algorithm == "" && j.usual != "" && len(p.clauses) > 0 {
		p.algorithm = j.usual
	}
	if p.settings != "" {
		was := j.session
		j.set(&statement{body: p.settings})
		defer func() { j.session = was }()
	}
	var out []lint.Finding
	c := &call{judge: j, statement: p, s: s, out: &out}
	for i := range j.rules {
		c.rule = &j.rules[i]
		c.rule.check(c)
	}
	j.apply(p)
	j.transactionNow(c)
	return append(out, j.inside(p, s)...)
}

func (j *judge) relation(id schema.Ident) *lint.Relation { return j.catalog.Relation(id) }

// live reports whether a table is in use: everything is, but for what the file itself has made.
func (j *judge) live(id schema.Ident) bool {
	k := j.relation(id)
	return k == nil || !k.Fresh
}

// altered reports whether the statement is an ALTER TABLE or the like on a table in use.
func (c *call) altered() bool { return len(c.clauses) > 0 && c.live(c.table) }

// costs gives the clauses under a rule with what they cost.
func (c *call) costs(rule string) []priced {
	if !c.altered() {
		return nil
	}
	var out []priced
	k := c.relation(c.table)
	for _, x := range c.clauses {
		if p := c.cost(c.statement, x, k); p.rule == rule {
			out = append(out, priced{x, p})
		}
	}
	return out
}

// priced is a clause and its cost.
type priced struct {
	clause
	cost
}

// blocking is the check of rules about clauses that make writes wait.
func blocking(safe func(c *call, p priced) string) func(c *call) {
	return func(c *call) {
		for _, p := range c.costs(c.rule.ID) {
			x := said{message: c.sentence(p), lock: c.waiting(p), safe: safe(c, p)}
			if c.onlineCopy(p.cost) {
				x.severity, x.lock = lint.Warning, "none beside a short metadata lock: this version copies the table while writes go on"
			}
			c.report(x)
		}
	}
}

func (c *call) sentence(p priced) string {
	what := strings.Join(strings.Fields(p.text), " ")
	if what == "" {
		what = c.verb
	}
	if len(what) > 120 {
		what = strings.ToValidUTF8(what[:120], "") + "…"
	}
	return what + " on " + quoted(c.table) + ": " + p.why
}

func (c *call) waiting(p priced) string {
	size := "the table's size"
	if k := c.relation(c.table); k != nil && k.Rows > 0 {
		size = "the table's size (about " + strconv.FormatInt(k.Rows, 10) + " rows)"
	}
	return "writes wait (" + p.how.String() + ", LOCK=SHARED), for a time that grows with " + size
}

// onlineCopy: MariaDB copies beside writes since 11.2, but for a few kinds of change.
func (j *judge) onlineCopy(x cost) bool {
	return j.maria && j.version >= 110200 && x.how == copying && x.rule != "system-versioning" && x.rule != "partition-table" && x.rule != "add-foreign-key" && x.rule != "order-by"
}

// quote writes a name as SQL needs it.
func quote(name string) string {
	plain := name != ""
	for i, r := range name {
		plain = plain && (r == '_' || r|0x20 >= 'a' && r|0x20 <= 'z' || i > 0 && r >= '0' && r <= '9')
	}
	switch strings.ToLower(name) {
	case "order", "group", "key", "keys", "index", "table", "select", "from", "where", "check", "column", "default", "desc", "limit", "primary", "references", "rank", "range", "read", "system", "to", "trigger", "unique", "usage", "values", "with":
		plain = false
	}
	if plain {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

func quoted(id schema.Ident) string {
	if id.Schema != "" {
		return quote(id.Schema) + "." + quote(id.Name)
	}
	return quote(id.Name)
}

// Names lists the tables that a statement names, as far as it can be read.
func Names(text string) []schema.Ident {
	s, err := read(text)
	if err != nil {
		return nil
	}
	out := append(append([]schema.Ident{}, s.tables...), s.from...)
	if s.table.Name != "" {
		out = append(out, s.table)
	}
	return out
}
