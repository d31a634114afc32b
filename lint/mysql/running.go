package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// running is the transaction that a file has open, and what the session says of the next ones.
type running struct {
	open     bool            // START TRANSACTION, BEGIN, XA START
	xa       bool            // which only XA END ends
	readOnly bool            // nothing can be written in it
	rows     string          // a table in use of which it has locked rows
	saved    map[string]bool // its savepoints, in lower case

	manual bool // autocommit = 0: each statement about rows opens one
	always bool // SET SESSION TRANSACTION READ ONLY
	once   bool // SET TRANSACTION READ ONLY: the next one
}

// refusedByTransaction says why a statement can't run in the transaction that is open.
func (c *call) refusedByTransaction() string {
	t := Syntax.Tokens(c.s.Text)
	switch {
	case len(t) == 0:
		return ""
	case c.tx.xa && c.commits(t):
		return "XA START has begun a transaction, in which nothing can run that commits by itself, until XA END"
	case c.readsOnly() && c.writes():
		return "the transaction is READ ONLY, and nothing can be written in it"
	case c.verb == "ROLLBACK" || c.verb == "RELEASE":
		if n := savepoint(t); n != "" && !c.tx.saved[lower(n)] {
			return "there is no savepoint " + quote(n) + " in this transaction"
		}
	case c.verb == "SET" && c.tx.open && len(t) > 1 && t[1].Is("TRANSACTION"):
		return "SET TRANSACTION is about the next transaction, and one is open"
	case c.verb == "SET" && c.tx.open:
		for i := 1; i+1 < len(t); i++ {
			if n := variable(t, i); (n == "sql_log_bin" || n == "binlog_format") && (t[i+1].Is("=") || t[i+1].Is(":")) {
				return n + " can't change while a transaction is open"
			}
		}
	}
	return ""
}

// readsOnly: what runs now can't write.
func (j *judge) readsOnly() bool {
	if j.tx.open {
		return j.tx.readOnly
	}
	return j.tx.always || j.tx.once
}

// writes reports whether a statement changes rows or a schema that aren't the session's own.
func (c *call) writes() bool {
	switch c.verb {
	case "INSERT", "UPDATE", "DELETE", "REPLACE":
		k := c.relation(c.table)
		return k == nil || k.Kind != "temporary"
	case "CREATE TABLE", "DROP TABLE":
		return !c.temporary
	case "ALTER TABLE", "CREATE INDEX", "DROP INDEX", "RENAME TABLE", "TRUNCATE", "CREATE VIEW", "DROP VIEW", "ALTER VIEW", "CREATE ROUTINE":
		return true
	}
	return false
}

// commits reports whether a statement ends a transaction by itself: those about schemas, rights and tables as a whole do, and another START.
func (c *call) commits(t []lint.Token) bool {
	switch c.verb {
	case "ALTER TABLE", "CREATE INDEX", "DROP INDEX", "RENAME TABLE", "TRUNCATE", "CREATE VIEW", "DROP VIEW", "ALTER VIEW", "CREATE ROUTINE", "GRANT", "REVOKE", "START", "BEGIN", "COMMIT", "LOCK TABLES":
		return true
	case "ROLLBACK":
		return savepoint(t) == ""
	case "CREATE TABLE", "DROP TABLE":
		return !c.temporary
	}
	return false
}

// savepoint is the name behind SAVEPOINT, ROLLBACK [WORK] TO [SAVEPOINT] and RELEASE SAVEPOINT, "" for a ROLLBACK of everything.
func savepoint(t []lint.Token) string {
	last := t[len(t)-1]
	if len(t) < 2 || t[0].Is("ROLLBACK") && !after(t, "TO") {
		return ""
	}
	return last.Value()
}

// transactionNow follows what opens and ends transactions.
func (j *judge) transactionNow(c *call) {
	t := Syntax.Tokens(c.s.Text)
	if len(t) == 0 {
		return
	}
	switch {
	case c.verb == "SET":
		j.tx.set(c.statement)
	case c.verb == "START" && len(t) > 1 && t[1].Is("TRANSACTION"), c.verb == "BEGIN":
		j.begin(after(t, "READ") && after(t, "ONLY"))
	case c.verb == "XA" && len(t) > 1 && (t[1].Is("START") || t[1].Is("BEGIN")):
		j.begin(false)
		j.tx.xa = true
	case c.verb == "XA" && len(t) > 1 && (t[1].Is("COMMIT") || t[1].Is("ROLLBACK") || t[1].Is("PREPARE")):
		j.end()
	case c.verb == "SAVEPOINT" && (j.tx.open || j.tx.manual):
		if j.tx.saved == nil {
			j.tx.saved = map[string]bool{}
		}
		j.tx.saved[lower(savepoint(t))] = true
	case c.verb == "RELEASE":
		delete(j.tx.saved, lower(savepoint(t)))
	case c.commits(t):
		j.end()
	case (j.tx.open || j.tx.manual) && c.locksRows() && c.live(c.table):
		j.tx.rows = quoted(c.table)
	}
}

func (j *judge) begin(readOnly bool) {
	j.tx = running{open: true, readOnly: readOnly || j.tx.always || j.tx.once, manual: j.tx.manual, always: j.tx.always}
}

func (j *judge) end() { j.tx = running{manual: j.tx.manual, always: j.tx.always} }

// locksRows: rows that were there are locked until the transaction ends.
func (c *call) locksRows() bool {
	return (c.verb == "UPDATE" || c.verb == "DELETE" || c.verb == "REPLACE") && !never(c.where)
}

// set follows SET TRANSACTION and the variables that stand for it.
func (r *running) set(s *statement) {
	t := Syntax.Tokens(s.body)
	session := len(t) > 0 && (t[0].Is("SESSION") || t[0].Is("LOCAL"))
	for i := range t {
		switch {
		case t[i].Is("READ") && i+1 < len(t) && (t[i+1].Is("ONLY") || t[i+1].Is("WRITE")) && after(t[:i], "TRANSACTION") && !t[0].Is("GLOBAL"):
			if session {
				r.always = t[i+1].Is("ONLY")
			} else {
				r.once = t[i+1].Is("ONLY")
			}
		case i+1 < len(t) && t[i+1].Is("="):
			on := func() bool {
				u := strings.ToUpper(t[len(t)-1].Value())
				return i+2 < len(t) && (u == "1" || u == "ON" || u == "TRUE")
			}
			switch variable(t, i) {
			case "transaction_read_only", "tx_read_only":
				r.always = on()
			case "autocommit":
				if r.manual = !on(); !r.manual {
					*r = running{always: r.always}
				}
			}
		}
	}
}
