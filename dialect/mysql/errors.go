package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/phasemig/phasemig/internal/dberr"
)

// classes sorts the servers' error numbers. Numbers are the same on both servers
// where both have them.
var classes = map[error][]uint16{
	dberr.LockTimeout: {1205, 3572, 3058},
	dberr.Deadlock:    {1213, 3101, 1020, 1614},
	dberr.Duplicate:   {1062, 1586, 1169, 1859},
	dberr.Denied:      {1044, 1045, 1142, 1143, 1227, 1370, 1410, 1419, 1698, 3879},
	dberr.ReadOnly:    {1290, 1836, 1792},
	dberr.NotThere:    {1146, 1049, 1051, 1091, 1360, 1176},
	dberr.Exists:      {1007, 1050, 1060, 1061, 1359, 1826, 1022},
	dberr.DataError: {1406, 1264, 1265, 1366, 1292, 1048, 1138, 1367, 1411, 1441, 1690, 1365, 1364, 1426, 3140, 3141, 3144, 3146, 3156, 1644,
		3819, 4025, 1452, 1451, 1216, 1217, 1969, 3037},
	dberr.Syntax:      {1064, 1054, 1149, 1305, 1630, 1582, 1584, 1241, 1111, 1115, 1273, 1253, 1267, 1270, 1271, 3593, 3569, 4015, 1052},
	dberr.ConnLost:    {1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031},
	dberr.Unreachable: {1040, 1203, 1226, 3168},
}

var byNumber = func() map[uint16]error {
	out := map[uint16]error{}
	for class, numbers := range classes {
		for _, n := range numbers {
			out[n] = class
		}
	}
	return out
}()

// classify puts an error of the driver into a class of dberr. Errors that have
// one, and those of a context, stay as they are.
func classify(err error) error {
	if err == nil || classified(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if n := number(err); n != 0 {
		return hinted(n, dberr.Mark(classOf(n), err))
	}
	if lostConn(err) {
		return dberr.Mark(dberr.ConnLost, err)
	}
	return err
}

func classified(err error) bool {
	for class := range classes {
		if errors.Is(err, class) {
			return true
		}
	}
	return errors.Is(err, dberr.BadLogin)
}

// errOther is the class of everything without one; nobody asks for it.
var errOther = errors.New("server error")

func classOf(n uint16) error {
	if class, ok := byNumber[n]; ok {
		return class
	}
	return errOther
}

// number is the server's error number, 0 when err isn't from the server.
func number(err error) uint16 {
	var e *gomysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

func is(err error, numbers ...uint16) bool { return slices.Contains(numbers, number(err)) }

// hinted adds what to do where the server's own words don't say it.
func hinted(n uint16, err error) error {
	switch n {
	case 1419:
		return dberr.WithHint(err, "with binary logging on, CREATE TRIGGER wants the variable, not a grant: SET GLOBAL log_bin_trust_function_creators = 1 (managed servers: in the parameter group)")
	case 1290, 1836:
		if strings.Contains(err.Error(), "read") {
			return dberr.WithHint(err, "connect to the primary")
		}
	case 4092:
		return dberr.WithHint(err, "OPTIMIZE TABLE sets the row versions of the table back, or phasemig plan with --strategy shadow copies it")
	case 1799:
		return dberr.WithHint(err, "more was written while the table was rewritten than the server keeps aside: SET GLOBAL innodb_online_alter_log_max_size to several times its value, or try at a quieter hour")
	case 1040, 1203, 1226:
		return dberr.WithHint(err, "a connection limit of the server or the account is reached")
	}
	return err
}

// lostConn: a server that ends a session says why and closes the connection. To a client that was halted meanwhile its
// driver tells of unread bytes, or of a packet out of turn, when it wants to send the next statement.
func lostConn(err error) bool {
	var op *net.OpError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, gomysql.ErrBusyBuffer) || errors.Is(err, gomysql.ErrPktSync) || errors.Is(err, gomysql.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op)
}

// classifyLogin classes the error of a first connection.
func classifyLogin(err error) error {
	if is(err, 1044, 1045, 1049, 1130, 1131, 1132, 1133, 1698, 1251, 1524, 1820, 1862, 3118, 4151) {
		return dberr.Mark(dberr.BadLogin, err)
	}
	if number(err) == 0 && !errors.Is(err, context.Canceled) {
		return dberr.Mark(dberr.Unreachable, err)
	}
	return classify(err)
}

// algorithmRefused tells that the server can't do a DDL in the way that was asked.
// 3507 is what an INSTANT drop says of a column whose name leaves no room for the
// prefix that the server keeps it under.
func algorithmRefused(err error) bool {
	return is(err, 1845, 1846, 1870, 4092, 1800, 3891, 1112, 3507)
}
