package binlog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/google/uuid"

	"github.com/phasemig/phasemig/stream"
)

// The ways in which a place in the log is written. Package dialect/mysql prints them
// too.
const (
	gtidPrefix    = "gtid:"         // MySQL: the set of transactions executed
	mariadbPrefix = "mariadb-gtid:" // MariaDB: the last transaction of each domain
	filePrefix    = "file:"         // name:offset
)

// group is one event group of the log, which is a transaction or half of one. Its
// source is the number of a text that a ledger knows.
type group struct {
	source int
	number uint64
}

// ledger is a place in the log that groups are added to.
type ledger interface {
	// add puts groups behind the place, in the order of the log.
	add(sources []string, groups []group)
	clone() ledger
	position() stream.Position
}

// parsePosition reads a position. Positions of the wrong server are refused.
func parsePosition(p stream.Position, mariadb bool) (ledger, error) {
	text := string(p)
	switch {
	case strings.HasPrefix(text, gtidPrefix) && !mariadb:
		set, err := mysql.ParseMysqlGTIDSet(strings.TrimPrefix(text, gtidPrefix))
		if err != nil {
			return nil, fmt.Errorf("read position %q: %w", text, err)
		}
		return &gtidSet{set.(*mysql.MysqlGTIDSet)}, nil
	case strings.HasPrefix(text, mariadbPrefix) && mariadb:
		return parseDomains(strings.TrimPrefix(text, mariadbPrefix))
	case strings.HasPrefix(text, filePrefix):
		return parseFile(strings.TrimPrefix(text, filePrefix))
	}
	return nil, fmt.Errorf("read position %q: it is none of this server's log", text)
}

// behind stands between the two parts of a position: from where the log is read, and what
// was dealt with all the same. They differ when branches were prepared that end behind the second.
const behind = " behind "

// Place is the position from which the log is read for branches that are still open,
// while all that ended up to another place was dealt with.
func Place(from, past stream.Position) stream.Position {
	if from == past {
		return from
	}
	return from + behind + past
}

// parts are those of a position.
func parts(p stream.Position) (from, past stream.Position) {
	a, b, ok := strings.Cut(string(p), behind)
	if !ok {
		return p, p
	}
	return stream.Position(a), stream.Position(b)
}

// parsePlace reads both parts; past is nil when it is where the reading begins.
func parsePlace(p stream.Position, mariadb bool) (from, past ledger, err error) {
	a, b := parts(p)
	if from, err = parsePosition(a, mariadb); err != nil || a == b {
		return from, nil, err
	}
	past, err = parsePosition(b, mariadb)
	return from, past, err
}

// within reports whether a group stands before a place: by its name, or where it has
// none by where it begins.
func within(l ledger, source string, number uint64, at file) bool {
	switch l := l.(type) {
	case *gtidSet:
		one, err := mysql.ParseMysqlGTIDSet(source + ":" + strconv.FormatUint(number, 10))
		return err == nil && number != 0 && l.Contain(one)
	case *domains:
		domain, _, _ := strings.Cut(source, "-")
		return number != 0 && number <= serial(l.last[domain])
	case *file:
		return at.before(*l)
	}
	return false
}

// gtidSet is a set of MySQL's transactions. A source is "uuid" or "uuid:tag".
type gtidSet struct{ *mysql.MysqlGTIDSet }

func (g *gtidSet) add(sources []string, groups []group) {
	for i := 0; i < len(groups); {
		first := groups[i]
		n := i + 1
		for n < len(groups) && groups[n].source == first.source && groups[n].number == first.number+uint64(n-i) {
			n++
		}
		if first.number != 0 {
			g.addRun(sources[first.source], first.number, groups[n-1].number)
		}
		i = n
	}
}

// addRun adds the transactions from first to last. A group without a name has number
// 0 and doesn't come here.
func (g *gtidSet) addRun(source string, first, last uint64) {
	id, tag, _ := strings.Cut(source, ":")
	u, err := uuid.Parse(id)
	if err != nil {
		return // the text was made from a UUID
	}
	tags := (*g.MysqlGTIDSet)[u]
	if tags == nil {
		tags = map[mysql.Tag]mysql.IntervalSlice{}
		(*g.MysqlGTIDSet)[u] = tags
	}
	t := mysql.NewTag(tag)
	tags[t] = append(tags[t], mysql.Interval{Start: int64(first), Stop: int64(last) + 1}).Normalize()
}

func (g *gtidSet) clone() ledger {
	return &gtidSet{g.Clone().(*mysql.MysqlGTIDSet)}
}

func (g *gtidSet) position() stream.Position { return stream.Position(gtidPrefix + g.String()) }

// domains is MariaDB's place: by domain the last transaction as server-number. A
// source is "domain-server".
type domains struct {
	order []string // as they came
	last  map[string]string
}

func parseDomains(text string) (*domains, error) {
	d := &domains{last: map[string]string{}}
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if _, err := mysql.ParseMariadbGTID(one); err != nil {
			return nil, fmt.Errorf("read position %q: %w", text, err)
		}
		domain, rest, _ := strings.Cut(one, "-")
		d.set(domain, rest)
	}
	return d, nil
}

func (d *domains) set(domain, rest string) {
	if _, ok := d.last[domain]; !ok {
		d.order = append(d.order, domain)
	}
	d.last[domain] = rest
}

func (d *domains) add(sources []string, groups []group) {
	newest := map[int]uint64{}
	var order []int // the last of a domain wins, whatever server it is of
	for i := len(groups) - 1; i >= 0; i-- {
		if _, ok := newest[groups[i].source]; !ok {
			newest[groups[i].source] = groups[i].number
			order = append(order, groups[i].source)
		}
	}
	for i := len(order) - 1; i >= 0; i-- {
		domain, server, _ := strings.Cut(sources[order[i]], "-")
		d.set(domain, server+"-"+strconv.FormatUint(newest[order[i]], 10))
	}
}

func (d *domains) clone() ledger {
	out := &domains{last: make(map[string]string, len(d.last))}
	for _, domain := range d.order {
		out.set(domain, d.last[domain])
	}
	return out
}

func (d *domains) String() string {
	list := make([]string, 0, len(d.order))
	for _, domain := range d.order {
		list = append(list, domain+"-"+d.last[domain])
	}
	return strings.Join(list, ",")
}

func (d *domains) position() stream.Position { return stream.Position(mariadbPrefix + d.String()) }

// file is a place by name and offset. A group's source is the file in which it ends
// and its number the offset behind it.
type file struct {
	name   string
	offset uint64
}

func parseFile(text string) (*file, error) {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 {
		return nil, fmt.Errorf("read position %q: want file:name:offset", text)
	}
	n, err := strconv.ParseUint(text[i+1:], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read position %q: %w", text, err)
	}
	return &file{text[:i], n}, nil
}

func (f *file) add(sources []string, groups []group) {
	if n := len(groups); n > 0 {
		f.name, f.offset = sources[groups[n-1].source], groups[n-1].number
	}
}

func (f *file) clone() ledger {
	c := *f
	return &c
}

func (f *file) position() stream.Position {
	return stream.Position(filePrefix + f.name + ":" + strconv.FormatUint(f.offset, 10))
}
