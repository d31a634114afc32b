package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// statement is what the reader makes of a text. Verb says which of the other fields are set.
type statement struct {
	verb   string // "ALTER TABLE", "CREATE TABLE", "CREATE INDEX", "DROP TABLE", "UPDATE" …; "" for what changes nothing
	table  schema.Ident
	tables []schema.Ident
	// to are the new names of RENAME TABLE, in the order of tables.
	to          []schema.Ident
	how         []string // LOCK TABLES: what stands behind each name
	clauses     []clause
	columns     []column
	keys        []key
	options     map[string]string
	ifExists    bool
	ifNotExists bool
	replace     bool // OR REPLACE
	temporary   bool
	ignore      bool // ALTER IGNORE
	waits       bool // WAIT n, NOWAIT
	waitsLate   bool // behind the first clause
	wordsLate   bool // ALGORITHM or LOCK is
	algorithm   string
	lock        string
	like        schema.Ident
	selects     bool // … SELECT
	from        []schema.Ident
	partitioned string // PARTITION BY …
	where       []lint.Token
	limited     bool
	locks       bool // SELECT … FOR UPDATE and the like
	returning   bool
	setting     bool     // SET STATEMENT … FOR
	settings    string   // what stands between them
	period      bool     // CREATE TABLE … PERIOD FOR
	updates     []string // INSERT: the columns behind ON DUPLICATE KEY UPDATE
	alias       bool     // INSERT: the rows have a name
	isOnline    bool     // ALTER ONLINE TABLE
	joined      bool
	name        string // of a routine, a variable, an index
	body        string // of a routine, a prepared text
	bodyAt      int
	word        string // what is dropped, revoked, locked
	value       string // a trigger: its time and event
	definer     string // of a view, a routine
	several     bool   // a trigger: for more than one event
	follows     string // a trigger: the one it FOLLOWS or PRECEDES
	names       *names
}

// column is a column's definition.
type column struct {
	name                  string
	typ                   typ
	notNull               bool
	null                  bool // NULL is written
	def                   string
	hasDef                bool
	expr                  bool // the default is an expression
	auto                  bool
	unique                bool
	primary               bool
	generated             string // "virtual", "stored"
	as                    string
	check                 bool
	checkOf               string
	refs                  *schema.Ident
	refParts              []schema.IndexColumn
	onDelete, onRefUpdate string
	srid                  string
	onUpdate              bool
	updateDigits          int // ON UPDATE CURRENT_TIMESTAMP(n)
	invisible             bool
	first                 bool
	after                 string
	comment               string
	compressed            bool     // MariaDB
	method                string   // COMPRESSED=method
	versioned             bool     // MariaDB: WITH SYSTEM VERSIONING
	unversioned           bool     // MariaDB: WITHOUT SYSTEM VERSIONING
	attribute             []string // ENGINE_ATTRIBUTE, SECONDARY_ENGINE_ATTRIBUTE
	rowTime               bool     // MariaDB: ROW START, ROW END
	place                 bool     // COLUMN_FORMAT, STORAGE
	systemID              bool     // REF_SYSTEM_ID
	namedCheck            bool     // CONSTRAINT … CHECK
	behindCheck           bool     // something else stands behind a CHECK
}

// key is an index or a constraint.
type key struct {
	kind      string // "index", "unique", "primary", "fulltext", "spatial", "vector", "foreign", "check", "period"
	name      string
	parts     []schema.IndexColumn
	ref       schema.Ident
	refParts  []schema.IndexColumn
	expr      string
	enforced  bool
	invisible bool
	onDelete  string // upper case
	hidden    string // INVISIBLE or IGNORED
	replace   bool   // OR REPLACE
	onUpdate  string
	exists    bool     // IF NOT EXISTS
	overlaps  bool     // MariaDB: … WITHOUT OVERLAPS
	parser    string   // FULLTEXT … WITH PARSER
	attribute []string // ENGINE_ATTRIBUTE, SECONDARY_ENGINE_ATTRIBUTE
}

// clause is one part of an ALTER TABLE.
type clause struct {
	kind   string // "add column", "drop column", "modify" …
	name   string
	to     string
	toID   schema.Ident
	column column
	key    key
	value  string
	exists bool // IF [NOT] EXISTS
	text   string
}

// read reads one statement. A statement that is read as far as is needed has no error; what isn't known is one.
func read(text string) (*statement, error) {
	c := newCursor(text)
	s := &statement{options: map[string]string{}, names: c.names}
	if c.done() {
		return s, nil
	}
	s.statementSettings(c)
	first := strings.ToUpper(c.peek(0).Text)
	c.skip()
	switch {
	case s.readDefinition(c, first), s.readRows(c, first), s.readSession(c, first), s.readRoutine(c, first):
	case slices.Contains(plainVerbs, first):
		s.verb = first
	default:
		c.i--
		c.fail("a statement")
	}
	return s, c.err
}

// plainVerbs begin statements of which nothing but the word matters.
var plainVerbs = []string{"USE", "SHOW", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "EXPLAIN", "DESCRIBE", "DESC", "HELP", "DO", "KILL",
	"CHANGE", "RESET", "STOP", "PURGE", "INSTALL", "UNINSTALL", "XA", "HANDLER", "SIGNAL", "BINLOG", "CACHE", "CLONE", "IMPORT", "CHECKSUM", "DELIMITER", "BACKUP"}

// statementSettings reads MariaDB's SET STATEMENT lock_wait_timeout=1 FOR ALTER TABLE …
func (s *statement) statementSettings(c *cursor) {
	for c.take("SET", "STATEMENT") {
		s.setting = true
		from := c.peek(0).Start
		for !c.done() && !c.at("FOR") {
			if strings.EqualFold(c.peek(0).Text, "lock_wait_timeout") {
				s.waits = true
			}
			c.skip()
		}
		s.settings = c.text[from:c.peek(0).Start]
		c.take("FOR")
	}
}

// readDefinition reads what changes the catalog, and reports whether the word begins such a statement; so do its neighbours.
func (s *statement) readDefinition(c *cursor, first string) bool {
	switch first {
	case "ALTER":
		s.alter(c)
	case "CREATE":
		s.create(c)
	case "DROP":
		s.drop(c)
	case "RENAME":
		s.rename(c)
	case "TRUNCATE":
		c.take("TABLE")
		s.verb, s.table = "TRUNCATE", c.ident()
	case "OPTIMIZE", "ANALYZE", "REPAIR", "CHECK":
		s.maintain(c, first)
	case "REVOKE":
		s.verb = "REVOKE"
		s.body, _ = c.rest()
	case "GRANT":
		s.verb = "GRANT"
		if !c.done() {
			s.body, _ = c.rest()
		}
	default:
		return false
	}
	return true
}

// readRows reads what reads or writes rows.
func (s *statement) readRows(c *cursor, first string) bool {
	switch first {
	case "UPDATE", "DELETE":
		s.dml(c, first)
	case "INSERT", "REPLACE":
		s.insert(c, first)
	case "SELECT", "WITH", "(", "VALUES", "TABLE":
		if verb := c.behindWith(first); verb != "" {
			s.dml(c, verb)
			break
		}
		s.verb = "SELECT"
		c.i--
		s.query(c)
		s.locks = lockingWords(c.t)
	case "LOAD":
		s.verb = "LOAD"
		for !c.done() && !c.take("INTO", "TABLE") {
			c.skip()
		}
		if !c.done() {
			s.table = c.ident()
		}
	default:
		return false
	}
	return true
}

// readSession reads what changes the session: its locks and its settings.
func (s *statement) readSession(c *cursor, first string) bool {
	switch first {
	case "LOCK":
		s.lockTables(c)
	case "UNLOCK":
		s.verb = "UNLOCK"
		s.word = strings.ToUpper(c.peek(0).Text)
	case "FLUSH":
		s.flush(c)
	case "SET":
		s.set(c)
	default:
		return false
	}
	return true
}

// readRoutine reads what runs other statements.
func (s *statement) readRoutine(c *cursor, first string) bool {
	switch first {
	case "PREPARE":
		s.verb, s.name = "PREPARE", c.name()
		c.want("FROM")
		s.body, s.bodyAt = c.rest()
	case "DEALLOCATE":
		s.verb = "DEALLOCATE"
		c.want("PREPARE")
		s.name = c.name()
	case "EXECUTE":
		s.verb = "EXECUTE"
		if c.take("IMMEDIATE") {
			s.body, s.bodyAt = c.rest()
		} else {
			s.name = c.name()
		}
	case "CALL":
		id := c.ident()
		if s.verb, s.name = "CALL", id.Name; id.Schema != "" {
			s.name = id.Schema + "." + id.Name
		}
		if c.at("(") {
			s.word, s.body = "(", c.parens()
		}
	case "BEGIN":
		s.verb, s.body = "BEGIN", c.text
		if c.at("NOT", "ATOMIC") {
			s.verb = "BLOCK"
		}
	default:
		return false
	}
	return true
}

func (c *cursor) rest() (string, int) {
	if c.done() {
		c.fail("more")
		return "", 0
	}
	return c.text[c.peek(0).Start:], c.peek(0).Start
}

func (s *statement) create(c *cursor) {
	s.replace = c.take("OR", "REPLACE")
	c.header()
	s.definer = c.definer
	s.temporary = c.take("TEMPORARY")
	kind := ""
	if w := c.any("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"); w != "" {
		kind = strings.ToLower(w)
	}
	switch {
	case c.take("TABLE"):
		s.createTable(c)
	case c.take("INDEX"):
		s.createIndex(c, kind)
	case kind == "spatial" && c.take("REFERENCE", "SYSTEM"):
		s.verb = "CREATE SPATIAL"
	case kind != "":
		c.fail("INDEX")
	case c.at("JSON") && (c.peek(1).Is("DUALITY") || c.peek(1).Is("RELATIONAL")):
		for !c.done() && !c.take("VIEW") {
			c.skip()
		}
		s.verb, s.word, s.table = "CREATE VIEW", "DUALITY", s.created(c)
	case c.take("MATERIALIZED", "VIEW"):
		s.verb, s.word, s.table = "CREATE VIEW", "MATERIALIZED", s.created(c)
		if !c.done() {
			s.body, s.bodyAt = c.rest()
		}
	case c.take("VIEW"):
		s.verb, s.table = "CREATE VIEW", s.created(c)
		if !c.done() {
			s.body, s.bodyAt = c.rest()
		}
	case c.take("SEQUENCE"):
		s.verb, s.table = "CREATE SEQUENCE", s.created(c)
		if !c.done() {
			s.body, s.bodyAt = c.rest()
		}
	case c.at("PROCEDURE"), c.at("FUNCTION"), c.at("TRIGGER"), c.at("EVENT"), c.at("PACKAGE"), c.at("AGGREGATE"):
		s.verb = "CREATE ROUTINE"
		s.word = strings.ToUpper(c.peek(0).Text)
		c.skip()
		c.take("FUNCTION")
		s.name = s.created(c).Name
		s.body, s.bodyAt = c.rest()
		if s.word == "TRIGGER" {
			s.trigger(c)
		}
	case c.at("DATABASE"), c.at("SCHEMA"), c.at("USER"), c.at("ROLE"), c.at("SERVER"), c.at("TABLESPACE"), c.at("UNDO"), c.at("LOGFILE"), c.at("SPATIAL"), c.at("RESOURCE"), c.at("LIBRARY"), c.at("DEFINER"):
		s.verb = "CREATE " + strings.ToUpper(c.peek(0).Text)
		c.skip()
		s.ifNotExists = c.take("IF", "NOT", "EXISTS")
		if !c.done() {
			s.body, _ = c.rest()
		}
	default:
		c.fail("what is created")
	}
}

// header passes over DEFINER=…, ALGORITHM=… and SQL SECURITY … in front of views and routines.
func (c *cursor) header() {
	for {
		switch {
		case c.take("ALGORITHM", "="):
			c.skip()
		case c.take("DEFINER", "="):
			from := c.i
			c.skip()
			if strings.HasSuffix(c.peek(-1).Text, "@") { // me@`%`
				c.skip()
			}
			for c.at("@") || strings.HasPrefix(c.peek(0).Text, "@") || c.at("(") || c.at(")") {
				c.skip()
				if c.peek(-1).Text == "@" {
					c.skip()
				}
			}
			c.definer = plainText(c.t[from:min(c.i, len(c.t))])
		case c.take("SQL", "SECURITY"):
			c.skip()
		default:
			return
		}
	}
}

func (s *statement) created(c *cursor) schema.Ident {
	s.ifNotExists = c.take("IF", "NOT", "EXISTS")
	return c.ident()
}

func (s *statement) createIndex(c *cursor, kind string) {
	s.verb = "CREATE INDEX"
	k := key{kind: kind, exists: c.take("IF", "NOT", "EXISTS")}
	if kind == "" {
		k.kind = "index"
	}
	k.name = c.called()
	c.using()
	c.want("ON")
	s.table = c.ident()
	k.parts = c.keyParts()
	k.replace = s.replace
	s.keyOptions(c, &k)
	s.clauses = []clause{{kind: "add key", key: k}}
	for !c.done() {
		if !s.execution(c) {
			c.fail("an index option")
		}
	}
}

func (c *cursor) using() {
	if c.take("USING") || c.take("TYPE") {
		c.skip()
	}
}

// execution reads ALGORITHM, LOCK, WAIT and NOWAIT.
func (s *statement) execution(c *cursor) bool {
	switch {
	case c.take("ALGORITHM"):
		s.wordsLate = len(s.clauses) > 0
		c.take("=")
		s.algorithm = strings.ToUpper(c.name())
	case c.take("LOCK"):
		s.wordsLate = len(s.clauses) > 0
		c.take("=")
		s.lock = strings.ToUpper(c.name())
	case c.at("WAIT") && c.peek(1).Kind == lint.Number:
		c.i += 2
		s.waits, s.waitsLate = true, len(s.clauses) > 0
	case c.take("NOWAIT"):
		s.waits, s.waitsLate = true, len(s.clauses) > 0
	default:
		return false
	}
	return true
}

func (s *statement) keyOptions(c *cursor, k *key) {
	for {
		switch {
		case c.at("USING"), c.at("TYPE"):
			c.using()
		case c.take("COMMENT"):
			c.skip()
		case c.take("ENGINE_ATTRIBUTE"), c.take("SECONDARY_ENGINE_ATTRIBUTE"):
			k.attribute = append(k.attribute, strings.ToUpper(c.peek(-1).Text))
			c.take("=")
			c.skip()
		case c.take("KEY_BLOCK_SIZE"), c.take("CLUSTERING"), c.take("M"), c.take("DISTANCE"):
			c.take("=")
			c.skip()
		case k.kind == "fulltext" && c.take("WITH", "PARSER"):
			k.parser = c.name()
		case c.take("INVISIBLE"), c.take("IGNORED"):
			k.invisible, k.hidden = true, strings.ToUpper(c.peek(-1).Text)
		case c.take("VISIBLE"), c.take("NOT", "IGNORED"):
		default:
			return
		}
	}
}

func (s *statement) drop(c *cursor) {
	s.temporary = c.take("TEMPORARY")
	word := c.any("TABLES", "TABLE", "VIEW", "DATABASE", "SCHEMA", "INDEX", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "USER", "ROLE", "SEQUENCE", "SERVER", "TABLESPACE", "PREPARE", "UNDO", "PACKAGE", "SPATIAL", "RESOURCE", "LOGFILE", "LIBRARY")
	s.word = word
	switch word {
	case "INDEX":
		s.verb = "DROP INDEX"
		s.ifExists = c.take("IF", "EXISTS")
		name := c.called()
		c.want("ON")
		s.table = c.ident()
		s.clauses = []clause{{kind: "drop key", name: name, exists: s.ifExists}}
		if same(name, "PRIMARY") {
			s.clauses[0].kind = "drop primary"
		}
		for !c.done() && s.execution(c) {
		}
		return
	case "TABLE", "TABLES", "VIEW", "SEQUENCE":
		s.verb = "DROP " + strings.TrimSuffix(word, "S")
		s.ifExists = c.take("IF", "EXISTS")
		for {
			s.tables = append(s.tables, c.ident())
			if !c.take(",") {
				break
			}
		}
		c.any("RESTRICT", "CASCADE")
		for !c.done() && s.execution(c) {
		}
		if !c.done() {
			c.fail("the end")
		}
		return
	case "":
		c.fail("what is dropped")
	}
	s.verb = "DROP " + word
	s.ifExists = c.take("IF", "EXISTS")
	if !c.done() {
		s.name, _ = c.rest()
	}
}

func (s *statement) rename(c *cursor) {
	if c.take("USER") {
		s.verb = "RENAME USER"
		s.name, _ = c.rest()
		return
	}
	if !c.take("TABLE") {
		c.want("TABLES")
	}
	s.verb = "RENAME TABLE"
	s.ifExists = c.take("IF", "EXISTS")
	for {
		s.tables = append(s.tables, c.ident())
		for !c.done() && !c.at("TO") && s.execution(c) {
		}
		c.want("TO")
		s.to = append(s.to, c.ident())
		if !c.take(",") {
			break
		}
	}
	if !c.done() {
		c.fail("the end")
	}
}

func (s *statement) maintain(c *cursor, verb string) {
	c.any("NO_WRITE_TO_BINLOG", "LOCAL")
	if !c.any2("TABLE", "TABLES") {
		if verb == "ANALYZE" { // MariaDB: ANALYZE SELECT
			s.verb = "SELECT"
			return
		}
		if c.take("VIEW") || c.take("INDEX") {
			s.verb = verb + " OTHER"
			return
		}
		c.fail("TABLE")
	}
	s.verb = verb + " TABLE"
	for {
		s.tables = append(s.tables, c.ident())
		if !c.take(",") {
			break
		}
	}
	if !c.done() {
		s.body, _ = c.rest()
	}
}

func (c *cursor) any2(words ...string) bool { return c.any(words...) != "" }

func (s *statement) lockTables(c *cursor) {
	switch {
	case c.take("TABLES"), c.take("TABLE"):
		s.verb = "LOCK TABLES"
		for !c.done() {
			s.tables = append(s.tables, c.ident())
			item := c.item()
			s.how = append(s.how, item)
			s.word += " " + strings.ToUpper(item)
			c.take(",")
		}
	case c.take("INSTANCE"):
		s.verb = "LOCK INSTANCE"
	default:
		c.fail("TABLES")
	}
}

func (s *statement) flush(c *cursor) {
	s.verb = "FLUSH"
	if c.done() {
		return
	}
	s.word, _ = c.rest()
	s.word = strings.ToUpper(s.word)
}

func (s *statement) set(c *cursor) {
	s.verb = "SET"
	if !c.done() {
		s.body, s.bodyAt = c.rest()
	}
}
