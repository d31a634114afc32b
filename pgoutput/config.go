package pgoutput

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/schema"
)

// Config says which server to read from, as whom, and through which slot.
type Config struct {
	// Conn is how to connect, to the database that holds the relations. The account
	// needs REPLICATION. It is copied, not changed.
	Conn *pgconn.Config
	// Slot and Publication are names; see Names.
	Slot, Publication string
	// Heartbeat is how often the server is told how far reading is, and asked for a sign of
	// life; after twelve silent ones the connection counts as lost. 0: 5 s.
	Heartbeat time.Duration
	// Budget limits the bytes of the log that the slot holds back. Past it the slot is
	// dropped. 0: DefaultBudget.
	Budget int64
}

// Relation is a followed table as the catalog had it when the run began.
type Relation struct {
	schema.Ident
	// Columns are all of them in the catalog's order, generated ones too, with types as the server
	// writes them under search_path=pg_catalog.
	Columns []schema.Column
	Key     []string // the columns that old rows must hold: the key that is walked
}

// Names are the names of a slot and a publication: a run has one pair for the way there, one for the way back,
// for each of its copies, of which n is the number. A slot can carry no comment, so its name is its mark. All databases of a server share the names of
// slots, and the same plan may run in several of them at once: so the database's OID is part of the name.
func Names(run string, database uint32, n int, back bool) (slot, publication string) {
	name := fmt.Sprintf("phasemig_%s_%d", run, database)
	if n > 0 {
		name += fmt.Sprintf("_%d", n)
	}
	if back {
		name += "_back"
	}
	return name, name
}

// DefaultBudget is how many bytes of the log a run's slot may hold back.
const DefaultBudget = 10 << 30

// silence is how many heartbeats without a word make a connection lost. A server that
// sorts out a large transaction says nothing for a while.
const silence = 12

func (c Config) withDefaults() Config {
	if c.Heartbeat <= 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.Budget <= 0 {
		c.Budget = DefaultBudget
	}
	return c
}

func (c Config) patience() time.Duration { return silence * c.Heartbeat }

func (c Config) addr() string { return fmt.Sprintf("%s:%d", c.Conn.Host, c.Conn.Port) }
