package binlog

import (
	"crypto/tls"
	"time"

	"github.com/phasemig/phasemig/schema"
)

// SQLMode is the sql_mode in which the literals of this package give back exactly
// the stored values: dates that no calendar has, enumerations by number, zero as a
// value of an auto_increment column.
const SQLMode = "ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO"

// Config says which server to read from, and as whom.
type Config struct {
	Addr     string // host:port, or the path of a socket
	User     string // needs REPLICATION SLAVE
	Password string
	TLS      *tls.Config // nil: none
	MariaDB  bool        // the server is MariaDB, not MySQL
	// FoldNames: names of tables are compared without regard to case, as they are
	// where lower_case_table_names isn't 0.
	FoldNames bool
	// ServerID is what this reader calls itself. Two readers of a server must differ,
	// and so must replicas. 0: a random one of the upper half.
	ServerID uint32
	// Heartbeat is how often an idle server says that it is there; after four silent
	// ones the connection counts as lost. 0: 5 s.
	Heartbeat time.Duration
	// Held limits the bytes of changes that are kept for XA branches between PREPARE
	// and COMMIT. 0: 256 MiB.
	Held int
}

// Relation is a followed table as the catalog has it.
type Relation struct {
	schema.Ident
	Columns  []schema.Column // all of them in the catalog's order, generated and invisible ones too
	Triggers []string        // names of its triggers: dropping one names no table
	// Hidden is how many columns of its own the server keeps behind them: MariaDB
	// has one for each UNIQUE … USING HASH.
	Hidden int
}

func (c Config) withDefaults() Config {
	if c.Heartbeat <= 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.Held <= 0 {
		c.Held = 256 << 20
	}
	return c
}

func (c Config) flavor() string {
	if c.MariaDB {
		return "mariadb"
	}
	return "mysql"
}
