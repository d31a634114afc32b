package binlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// classes sorts the servers' error numbers that a reader of the log can meet.
var classes = []struct {
	class   error
	numbers []uint16
}{
	{dberr.Denied, []uint16{1044, 1142, 1227, 1370, 3879}},
	{dberr.BadLogin, []uint16{1045, 1130, 1131, 1132, 1133, 1251, 1524, 1698, 1820, 1862, 3118, 4151}},
	{dberr.ConnLost, []uint16{1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 2006, 2013, 3169, 4031}},
	{dberr.Unreachable, []uint16{1040, 1203, 1226, 3168}},
}

// gone are texts of error 1236 with which servers say that the log doesn't reach
// back, or isn't the one that the position is from. The number stands for every
// reason why a log can't be sent.
var gone = []string{"purged", "could not find first log", "could not find gtid state", "not in the master's binlog", "not in the source's binlog",
	"more gtids than", "position > file size", "impossible position", "could not open log file", "missing"}

// classify puts an error of go-mysql into a class of dberr, or makes it
// stream.ErrLost. Errors of a context stay as they are.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var e *mysql.MyError
	if errors.As(err, &e) {
		return classifyNumber(e)
	}
	if lost(err) {
		return dberr.Mark(dberr.ConnLost, err)
	}
	return err
}

// classified keeps a class that is there.
func classified(err error) error {
	if errors.Is(err, dberr.Denied) {
		return err
	}
	return classify(err)
}

func classifyNumber(e *mysql.MyError) error {
	switch {
	case e.Code == 1789 || e.Code == 1236 && slices.ContainsFunc(gone, func(s string) bool { return strings.Contains(strings.ToLower(e.Message), s) }):
		return fmt.Errorf("%w: %w", stream.ErrLost, e)
	case e.Code == 1236 && strings.Contains(e.Message, "max_allowed_packet"):
		return dberr.WithHint(e, "an event of the log is larger than the server sends: SET GLOBAL max_allowed_packet = 1073741824")
	}
	for _, c := range classes {
		if slices.Contains(c.numbers, e.Code) {
			return dberr.Mark(c.class, e)
		}
	}
	return e
}

func lost(err error) bool {
	var op *net.OpError
	return errors.Is(err, mysql.ErrBadConn) || errors.Is(err, replication.ErrSyncClosed) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &op)
}

// openError is what Open says. Servers deny the log with the number of a wrong
// password.
func openError(err error, c Config, loggedIn bool) error {
	var e *mysql.MyError
	if loggedIn && errors.As(err, &e) && e.Code == 1045 {
		err = dberr.Mark(dberr.Denied, e)
	}
	err = fmt.Errorf("read the log of %s: %w", c.Addr, classified(err))
	switch {
	case errors.Is(err, dberr.Denied):
		return dberr.WithHint(err, "GRANT REPLICATION SLAVE ON *.* TO %s", account(c.User))
	case errors.Is(err, dberr.ConnLost):
		return dberr.Mark(dberr.Unreachable, err)
	}
	return err
}

func account(user string) string { return "'" + strings.ReplaceAll(user, "'", "''") + "'@'%'" }
