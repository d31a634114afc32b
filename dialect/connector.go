package dialect

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
)

// ConnectTime is how long a session may take to be made. Drivers bound the dialling alone, or nothing: where a network swallows
// everything behind that, they would wait for the server's greeting for ever.
const ConnectTime = 20 * time.Second

// Bounded is c, whose sessions are made within ConnectTime or not at all: dberr.Unreachable.
func Bounded(c driver.Connector) driver.Connector { return bounded{c} }

type bounded struct{ driver.Connector }

// Connect implements driver.Connector.
func (b bounded) Connect(ctx context.Context) (driver.Conn, error) {
	within, cancel := context.WithTimeout(ctx, ConnectTime)
	defer cancel()
	conn, err := b.Connector.Connect(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return nil, dberr.Mark(dberr.Unreachable, fmt.Errorf("no session within %s: %v", ConnectTime, err)) // %v: it is nobody's wish that it ended
	}
	return conn, err
}
