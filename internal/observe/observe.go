// Package observe runs one statement on a real server and says what it did: which locks it took on tables that were
// there before, which tables and indexes it wrote anew, built or read under them.
//
// It is how the linter's claims are held against the servers: by the truth tests of lint/postgres and lint/mysql, and by
// `phasemig lint --prove`. It does not judge, and it knows no rule. What it sees is what the server reports about itself
// (PostgreSQL: pg_locks, relfilenodes and the transaction's own statistics) or refuses (MySQL and MariaDB: ALGORITHM and LOCK).
package observe

import "strings"

// Observation is what one statement did.
type Observation struct {
	// Lock is the strongest lock that was seen on a table that was there before, in the server's words.
	Lock         string
	BlocksReads  bool
	BlocksWrites bool
	// Rewrote, Built and Read name tables and indexes. Read are tables that were read as a whole.
	Rewrote, Built, Read []string
	// Wrote is how many rows it changed or deleted in tables that were there before.
	Wrote int64
	// Cheaper is why the next cheaper way was refused, in the server's words.
	Cheaper string
	// Error is the server's refusal.
	Error string
}

// Grows reports whether somebody waits for a time that grows with the table: a lock that blocks, and work under it.
func (o Observation) Grows() bool {
	work := len(o.Rewrote)+len(o.Built)+len(o.Read) > 0
	return (o.BlocksReads || o.BlocksWrites) && work
}

// String says it in one line.
func (o Observation) String() string {
	if o.Error != "" {
		return "fails: " + o.Error
	}
	var parts []string
	if o.Lock != "" {
		parts = append(parts, "lock "+o.Lock)
	}
	for _, x := range []struct {
		what string
		list []string
	}{{"rewrote", o.Rewrote}, {"built", o.Built}, {"read all of", o.Read}} {
		if len(x.list) > 0 {
			parts = append(parts, x.what+" "+strings.Join(x.list, ", "))
		}
	}
	if len(parts) == 0 {
		return "no lock that blocks, nothing rewritten, built or read"
	}
	return strings.Join(parts, "; ")
}
