package postgres

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"
)

var (
	dayText   = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})($|[ t])`)
	clockText = regexp.MustCompile(`^(\d{1,2}):(\d{2})(:(\d{2})(\.\d+)?)?$`)
	fourParts = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)\.(\d+)(/(\d+))?$`)
	words     = regexp.MustCompile(`[a-z]+`)
)

// unfitPlain reports whether a text in lower case can't be read as a value of a type; where it can't be told, it can.
func unfitPlain(s, name string) bool {
	switch name {
	case "date", "timestamp", "timestamptz":
		return noDay(s)
	case "time", "timetz":
		m := clockText.FindStringSubmatch(s)
		return m != nil && (beyond(m[1], 24) || beyond(m[2], 59) || beyond(m[4], 60))
	case "inet", "cidr":
		m := fourParts.FindStringSubmatch(s)
		if m == nil {
			return !strings.Contains(s, ":") && words.MatchString(s)
		}
		return slices.ContainsFunc(m[1:5], func(n string) bool { return beyond(n, 255) }) || beyond(m[6], 32)
	case "interval":
		return !strings.HasPrefix(s, "p") && slices.ContainsFunc(words.FindAllString(s, -1), func(w string) bool { return !slices.Contains(units, w) })
	case "money":
		return !strings.ContainsAny(s, "0123456789")
	}
	return false
}

// units are the words of an interval.
var units = strings.Fields("us usec usecs microsecond microseconds useconds ms msec msecs millisecond milliseconds mseconds s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week weeks " +
	"mon mons month months y yr yrs year years dec decs decade decades c cent century centuries mil mils millennium millennia qtr quarter quarters ago infinity epoch")

func beyond(n string, most int) bool {
	v, err := strconv.Atoi(n)
	return err == nil && v > most
}

// noDay: a date in the usual form that no calendar has.
func noDay(s string) bool {
	m := dayText.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	y, _ := strconv.Atoi(m[1]) // digits, by the expression
	mo, _ := strconv.Atoi(m[2])
	d, _ := strconv.Atoi(m[3])
	return mo < 1 || mo > 12 || d < 1 || time.Date(y, time.Month(mo), d, 0, 0, 0, 0, time.UTC).Month() != time.Month(mo)
}

// unfitBits says why B'…' can't be a value of bit(n), which has that length, or of varbit(n), which has no more.
func unfitBits(n *pg.Node, to typ) string {
	b := n.GetAConst().GetBsval()
	if b == nil || !strings.HasPrefix(b.Bsval, "b") || to.mods == nil {
		return ""
	}
	if got, want := len(b.Bsval)-1, to.mod(0, 1); to.name == "bit" && got != want || to.name == "varbit" && got > want {
		return "B'" + b.Bsval[1:] + "' has another number of bits than " + to.String()
	}
	return ""
}

// compressionImpossible is about COMPRESSION of a column's definition.
func (c *call) compressionImpossible(d *pg.ColumnDef) string {
	switch t := c.base(typeOf(d.GetTypeName())); {
	case d.GetCompression() == "":
	case !slices.Contains([]string{"pglz", "lz4", "default"}, strings.ToLower(d.Compression)):
		return "there is no compression method " + d.Compression
	case !t.array && fixedLength[t.name]:
		return quote(d.Colname) + " is " + typeOf(d.TypeName).String() + ", which is never compressed"
	}
	return ""
}
