package binlog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/phasemig/phasemig/stream"
)

// Executed tells of a transaction of MySQL's log whether it is in a set of executed
// ones, as gtid_executed has it.
func Executed(set string) (func(stream.Txn) bool, error) {
	all, err := mysql.ParseMysqlGTIDSet(set)
	if err != nil {
		return nil, fmt.Errorf("read the set of executed transactions: %w", err)
	}
	return func(t stream.Txn) bool {
		one, err := mysql.ParseMysqlGTIDSet(t.ID)
		return err == nil && t.ID != "" && all.Contain(one)
	}, nil
}

// Least is the position before all others of the same log.
func Least(list []stream.Position) (stream.Position, error) {
	if len(list) == 0 {
		return "", errors.New("no position is stored")
	}
	least := list[0]
	for _, p := range list[1:] {
		// What was dealt with decides: from where it has to be read for that follows.
		_, a := parts(p)
		_, b := parts(least)
		before, err := precedes(a, b)
		if err != nil {
			return "", err
		}
		if before {
			least = p
		}
	}
	return least, nil
}

// precedes compares two plain prefixes of one log.
func precedes(a, b stream.Position) (bool, error) {
	maria := len(a) > len(mariadbPrefix) && a[:len(mariadbPrefix)] == mariadbPrefix
	x, err := parsePosition(a, maria)
	if err != nil {
		return false, err
	}
	y, err := parsePosition(b, maria)
	if err != nil {
		return false, err
	}
	switch x := x.(type) {
	case *gtidSet:
		y, ok := y.(*gtidSet)
		return ok && y.Contain(x.MysqlGTIDSet), nil
	case *domains:
		y, ok := y.(*domains)
		return ok && x.before(y), nil
	case *file:
		y, ok := y.(*file)
		return ok && x.before(*y), nil
	}
	return false, fmt.Errorf("positions %q and %q can't be compared", a, b)
}

// before reports whether every domain is no further than in the other. The names of
// transactions in a domain count up.
func (d *domains) before(o *domains) bool {
	for domain, rest := range d.last {
		other, ok := o.last[domain]
		if !ok || serial(rest) > serial(other) {
			return false
		}
	}
	return true
}

func serial(rest string) uint64 {
	_, n, _ := strings.Cut(rest, "-")
	v, err := strconv.ParseUint(n, 10, 64)
	if err != nil {
		return 0 // the text was read from a position
	}
	return v
}

// before compares the names of logs by their number: 999999 comes before 1000000.
func (f *file) before(o file) bool {
	if f.name == o.name {
		return f.offset <= o.offset
	}
	if len(f.name) != len(o.name) {
		return len(f.name) < len(o.name)
	}
	return f.name < o.name
}
