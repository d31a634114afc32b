package pgoutput

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// classes sorts the SQLSTATEs that a reader of the log can meet, whole codes first, then
// classes of two digits. See PostgreSQL's documentation, appendix A.
var classes = map[string]error{
	"42501": dberr.Denied,
	"3D000": dberr.BadLogin, "28": dberr.BadLogin,
	"57014": dberr.LockTimeout, "55P03": dberr.LockTimeout,
	"57P01": dberr.ConnLost, "57P02": dberr.ConnLost, "57P05": dberr.ConnLost, "25P03": dberr.ConnLost, "25P04": dberr.ConnLost, "08": dberr.ConnLost,
	"57P03": dberr.Unreachable, "53300": dberr.Unreachable, "55006": dberr.Unreachable,
	"42P01": dberr.NotThere, "42704": dberr.NotThere,
	"42710": dberr.Exists,
	// A file of the log that isn't there any more, and a slot from which no more can be read.
	"58P01": stream.ErrLost, "55000": stream.ErrLost,
}

var hints = map[string]string{
	"42501": "ALTER ROLE <user> REPLICATION (on hosted services: GRANT rds_replication or the like), and connect as the owner of the table",
	"53300": "raise max_wal_senders, or end a replica's connection that is no longer needed",
	"53400": "raise max_replication_slots, or drop slots that nobody reads: SELECT slot_name FROM pg_replication_slots WHERE NOT active",
}

// classify puts an error of the driver into a class of dberr, or makes it
// stream.ErrLost. Errors of a context stay as they are.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return bySQLState(pg)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var ne net.Error
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &ne) || pgconn.SafeToRetry(err) {
		return dberr.Mark(dberr.ConnLost, err)
	}
	return err
}

func bySQLState(pg *pgconn.PgError) error {
	var err error = pg
	class, ok := classes[pg.Code]
	if !ok && len(pg.Code) == 5 {
		class = classes[pg.Code[:2]]
	}
	switch {
	case class == stream.ErrLost:
		err = fmt.Errorf("%w: %w", stream.ErrLost, pg)
	case class != nil:
		err = dberr.Mark(class, pg)
	}
	if h := hints[pg.Code]; h != "" {
		return dberr.WithHint(err, "%s", h)
	}
	return err
}

// connectError classes what goes wrong before there is a session.
func connectError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return classify(err)
	}
	return dberr.Mark(dberr.Unreachable, err)
}
