package dialect

import (
	"context"

	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/throttle"
)

// Watch reads what may hold the copying of rows back.
type Watch interface {
	// Load reads the server's own signals, for one table.
	Load(ctx context.Context, id schema.Ident) ([]throttle.Signal, error)
	// Variables reads numbers that the server tells about itself, by names in any case;
	// the answer has them in lower case. *plans.InputError names one that there isn't, and those
	// that there are.
	Variables(ctx context.Context, names []string) (map[string]float64, error)
	// Number runs a query of the operator's, which may only read, and returns its one value.
	Number(ctx context.Context, query string) (float64, error)
	// Latency measures how long the application's statements take. dberr.NotThere,
	// dberr.Denied: the server doesn't tell, and why.
	Latency(ctx context.Context) (Latency, error)
	// Followers lists who reads the server's log: replicas, and others who look like one.
	// Our own reader is not among them. dberr.Denied: it can't be told.
	Followers(ctx context.Context) ([]Follower, error)
}

// Latency is a measurement that goes on.
type Latency interface {
	// Took counts the statements and transactions that ended since the call before,
	// phasemig's own left out. The first call counts nothing.
	Took(ctx context.Context) (throttle.Ended, error)
	// What says what the latency is of: "transactions", "means by statement".
	What() string
}

// Follower is who reads the server's log.
type Follower struct {
	Name  string // as Replica.Name tells it
	Shown string // for people: where it is
}
