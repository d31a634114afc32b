package observe

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	gomysql "github.com/go-sql-driver/mysql"
)

// ways are asked for one after the other, the cheapest first. The first one that the server takes is the one that it can do.
var ways = []struct {
	words  string
	lock   string
	blocks bool
	writes bool // the table anew
}{
	{"ALGORITHM=INSTANT", "INSTANT", false, false},
	{"ALGORITHM=INPLACE, LOCK=NONE", "INPLACE, LOCK=NONE", false, false},
	{"ALGORITHM=INPLACE, LOCK=SHARED", "INPLACE, LOCK=SHARED", true, true},
	{"ALGORITHM=COPY, LOCK=SHARED", "COPY, LOCK=SHARED", true, true},
}

// MySQL runs an ALTER TABLE by the cheapest way that the server takes, and says which one that was. Where it takes
// none of the words, as with partitions on MariaDB, the statement is run as it is, and Lock is "".
func MySQL(ctx context.Context, db *sql.Conn, statement string) Observation {
	statement = strings.TrimRight(strings.TrimSpace(statement), ";")
	var refused error
	for _, w := range ways {
		err := patiently(ctx, db, worded(statement, w.words))
		if err != nil {
			refused = err
			continue
		}
		o := Observation{Lock: w.lock, BlocksWrites: w.blocks}
		if refused != nil {
			o.Cheaper = refused.Error()
		}
		if w.writes {
			o.Rewrote = []string{"the table or an index of it"}
		}
		return o
	}
	if err := patiently(ctx, db, statement); err != nil {
		return Observation{Error: err.Error()}
	}
	return Observation{}
}

// patiently runs a statement again that only waited too long: a busy server's own threads hold tables, too, and that it waits for them
// doesn't say that the server can't do it in this way.
func patiently(ctx context.Context, db *sql.Conn, statement string) error {
	var err error
	for range 5 {
		if _, err = db.ExecContext(ctx, statement); err == nil || !waited(err) {
			return err
		}
	}
	return err
}

// waited: the server gave up waiting for a lock, or saw a deadlock.
func waited(err error) bool {
	var said *gomysql.MySQLError
	return errors.As(err, &said) && slices.Contains([]uint16{1205, 1213}, said.Number)
}

// worded puts the words where the server wants them: behind the table's name for ALTER TABLE, so that clauses which have to
// come last stay last, and at the end for CREATE INDEX.
func worded(statement, words string) string {
	f := strings.Fields(statement)
	if len(f) > 3 && strings.EqualFold(f[0], "ALTER") && strings.EqualFold(f[1], "TABLE") {
		at := strings.Index(statement, f[2]) + len(f[2])
		separator := ","
		if next := strings.ToUpper(f[3]); next == "PARTITION" || next == "REMOVE" {
			separator = ""
		}
		return statement[:at] + " " + words + separator + statement[at:]
	}
	return statement + " " + strings.ReplaceAll(words, ",", "")
}
