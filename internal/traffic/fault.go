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
		case 1213:
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
