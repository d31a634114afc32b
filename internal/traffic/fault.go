package traffic

import (
	"errors"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// fault sorts what an application tries again from what it shows its users.
type fault int

const (
	otherFault fault = iota
	deadlock
	serialization
	lockTimeout
)

func classify(err error) fault {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		switch m.Number {
		// MariaDB 10.11 was seen to say 1467 ("Failed to read auto-increment value") now and then without any
		// migration; the AUTO-INC lock that an INSERT … SELECT holds there is the likely reason.
		case 1213, 1467:
			return deadlock
		case 1205:
			return lockTimeout
		}
		return otherFault
	}
	var p *pgconn.PgError
	if errors.As(err, &p) {
		switch p.Code {
		case "40P01":
			return deadlock
		case "40001":
			return serialization
		case "55P03":
			return lockTimeout
		}
	}
	if errors.Is(err, errAppeared) {
		return serialization
	}
	return otherFault
}
