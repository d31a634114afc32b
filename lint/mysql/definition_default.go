package mysql

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

func (d *definition) defaults(c *schema.Column, t typ) {
	if c.OnUpdate != "" && t.name != "datetime" && t.name != "timestamp" {
		d.fault("ON UPDATE is for datetime and timestamp, and %s is neither", quote(c.Name))
	}
	if c.Default == nil || c.Generated != "" {
		return
	}
	def := strings.TrimSpace(*c.Default)
	if strings.HasPrefix(def, "(") {
		if why := d.expression(strings.TrimSuffix(def[1:], ")"), false); why != "" && !strings.HasPrefix(why, "holds a variable") {
			d.fault("the default of %s %s", quote(c.Name), why)
		}
		for _, o := range d.k.Columns {
			if o.Identity == "auto_increment" && mentions(def, o.Name) || same(o.Name, c.Name) && mentions(def, o.Name) {
				d.fault("the default of %s refers to %s", quote(c.Name), quote(o.Name))
			}
		}
		return
	}
	if same(def, "NULL") {
		if !c.Nullable {
			d.fault("%s is NOT NULL, and its default is NULL", quote(c.Name))
		}
		return
	}
	if tok := Syntax.Tokens(def); len(tok) == 1 && tok[0].Kind == lint.Number && (t.name == "enum" || t.name == "set" && tok[0].Text != "0") {
		d.fault("the default of %s is a number, and %s wants a member", quote(c.Name), t.name)
		return
	}
	if t.large() && (!d.maria || t.geometry()) {
		d.fault("a %s column such as %s can't have a literal default; an expression in parentheses can be one", t.name, quote(c.Name))
		return
	}
	if why := d.unfit(t, def); why != "" && !(t.name == "json" && d.maria) {
		d.fault("the default %s of %s: %s", def, quote(c.Name), why)
	}
}

// unfit says why a literal isn't a value of a type in strict mode; "" also where it can't be told.
func (j *judge) unfit(t typ, text string) string {
	tok := Syntax.Tokens(text)
	sign := ""
	if len(tok) == 2 && (tok[0].Is("-") || tok[0].Is("+")) {
		sign, tok = tok[0].Text, tok[1:]
	}
	if len(tok) > 0 && tok[0].Kind == lint.Word && now(tok[0].Text) && (len(tok) == 1 || tok[1].Is("(")) {
		return j.unfitNow(t, tok)
	}
	if len(tok) != 1 {
		return ""
	}
	x := tok[0]
	switch {
	case x.Kind == lint.Number:
		if strings.HasPrefix(lower(x.Text), "0x") || strings.HasPrefix(lower(x.Text), "0b") && len(x.Text) > 2 {
			return ""
		}
		if j.zeroDates() && temporal(t) && strings.Trim(x.Text, "0") == "" {
			return ""
		}
		return unfitNumber(t, sign+x.Text, false)
	case x.Kind == lint.String && t.name == "bit" && (x.Text[0] == 'b' || x.Text[0] == 'B'):
		if bits := strings.TrimLeft(strings.Trim(x.Text[1:], "'"), "0"); len(bits) > t.arg(0, 1) {
			return "it has more bits than " + t.String()
		}
	case x.Kind == lint.String && (x.Text[0] == 'x' || x.Text[0] == 'X') && (t.name == "binary" || t.name == "varbinary"):
		if len(strings.Trim(x.Text[1:], "'"))/2 > t.arg(0, 1) {
			return "it is longer than " + t.String()
		}
	case x.Kind == lint.String && (x.Text[0] == '\'' || x.Text[0] == '"') && !strings.Contains(x.Text, `\`):
		if j.zeroDates() && temporal(t) && strings.Trim(x.Value(), "0-: .") == "" && x.Value() != "" {
			return ""
		}
		return unfitText(t, x.Value())
	}
	return ""
}

// zeroDates: 0000-00-00 is a value. MySQL refuses it by default, MariaDB takes it.
func (j *judge) zeroDates() bool {
	if j.dates != nil {
		return *j.dates
	}
	return j.maria
}

// unfitNow looks at CURRENT_TIMESTAMP as a default.
func (j *judge) unfitNow(t typ, tok []lint.Token) string {
	switch {
	case t.name == "datetime" || t.name == "timestamp":
		digits := 0
		if len(tok) == 4 {
			digits, _ = strconv.Atoi(tok[2].Text)
		}
		if digits != t.arg(0, 0) && !j.maria {
			return "it has another number of digits of a second than the column"
		}
		return ""
	case j.maria && !t.integer() || t.name == "json" || t.name == "char" || t.name == "varchar":
		return ""
	}
	return "only datetime and timestamp take it"
}

var numeral = regexp.MustCompile(`^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$`)

func unfitNumber(t typ, n string, quotedText bool) string {
	v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
	switch {
	case (t.name == "decimal" || t.name == "float" || t.name == "double") && (err != nil && math.IsInf(v, 0) || t.unsigned && v < 0),
		t.name == "float" && math.Abs(v) > math.MaxFloat32,
		t.name == "bit" && err == nil && (v < 0 || v >= math.Pow(2, float64(t.arg(0, 1)))):
		return "it is out of the range of " + t.String()
	case t.name == "enum" && err == nil && (v < 1 || v > float64(len(t.values))):
		return "it has no member of that number"
	case t.integer():
		return outOfRange(t, n)
	case t.name == "decimal":
		whole, _, _ := strings.Cut(strings.TrimLeft(n, "+-"), ".")
		if room := t.arg(0, 10) - t.arg(1, 0); len(strings.TrimLeft(whole, "0")) > room && !strings.ContainsAny(n, "eE") {
			return fmt.Sprintf("it has more than %d digits before the point", room)
		} else if v, err := strconv.ParseFloat(n, 64); err == nil {
			scale := math.Pow10(t.arg(1, 0))
			if math.Round(math.Abs(v)*scale)/scale >= math.Pow10(room) {
				return "it is out of the range of " + t.String()
			}
		}
	case t.name == "char" || t.name == "varchar":
		if !quotedText && len(n) > t.arg(0, 1) {
			return "it is too long"
		}
	case t.name == "year":
		if v, err := strconv.Atoi(n); err == nil && v != 0 && (v < 1901 || v > 2155) && (v < 1 || v > 99) {
			return "a year is from 1901 to 2155"
		}
	case t.name == "date" || t.name == "datetime" || t.name == "timestamp":
		if strings.Trim(n, "0") == "" {
			return "it is no date"
		}
	}
	return ""
}

func outOfRange(t typ, n string) string {
	bits := map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}[t.name]
	if strings.ContainsAny(n, ".eE") {
		return ""
	}
	n = strings.TrimPrefix(strings.TrimSpace(n), "+")
	ok := false
	if t.unsigned {
		v, err := strconv.ParseUint(n, 10, 64)
		ok = err == nil && (bits == 64 || v < 1<<bits) || strings.Trim(n, "-0") == ""
	} else {
		v, err := strconv.ParseInt(n, 10, 64)
		ok = err == nil && (bits == 64 || v >= -(1<<(bits-1)) && v < 1<<(bits-1))
	}
	if !ok {
		return "it is out of the range of " + t.String()
	}
	return ""
}

var clock = regexp.MustCompile(`^-?(\d+ )?\d{1,3}(:[0-5]?\d){0,2}(\.\d+)?$|^-?\d{1,7}(\.\d+)?$`)

func unfitText(t typ, v string) string {
	switch t.name {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year":
		if !numeral.MatchString(v) {
			return "it is no number"
		}
		return unfitNumber(t, strings.TrimSpace(v), true)
	case "char", "varchar":
		if utf8.RuneCountInString(strings.TrimRight(v, " ")) > t.arg(0, 1) {
			return "it is longer than " + t.String()
		}
	case "binary", "varbinary":
		if len(v) > t.arg(0, 1) {
			return "it is longer than " + t.String()
		}
	case "enum", "set":
		return unfitMember(t, v)
	case "date", "datetime", "timestamp":
		return unfitDate(t, v)
	case "time":
		if !clock.MatchString(v) && (!day.MatchString(v) || unfitDate(t, v) != "") {
			return "it is no time"
		}
		return unfitTime(t, v)
	case "uuid", "inet4", "inet6":
		return unfitAddress(t, v)
	case "json":
		if !json.Valid([]byte(v)) {
			return "it isn't JSON"
		}
	}
	if t.geometry() {
		return "it is no geometry"
	}
	return ""
}

// unfitTime: a time is up to 838:59:59.
func unfitTime(t typ, v string) string {
	hours, rest, ok := strings.Cut(strings.TrimPrefix(v, "-"), ":")
	days := "0"
	if d, h, both := strings.Cut(hours, " "); both {
		days, hours = d, h
	}
	d, err := strconv.Atoi(days)
	h, err2 := strconv.Atoi(hours)
	if ok && err == nil && err2 == nil && !day.MatchString(v) && (d*24+h > 838 || d*24+h == 838 && strings.Contains(rest, "59:59.")) {
		return "it is out of the range of " + t.String()
	}
	return ""
}

var uuidText = regexp.MustCompile(`^\{?([0-9a-fA-F]-?){32}\}?$`)

// unfitAddress looks at MariaDB's UUID, INET4 and INET6, an IPv6 address that holds an IPv4 one among them.
func unfitAddress(t typ, v string) string {
	if t.name == "uuid" && !uuidText.MatchString(v) || t.name == "inet4" && !fourBytes(v) || t.name == "inet6" && !sixteenBytes(v) {
		return "it is no " + t.name
	}
	return ""
}

func fourBytes(v string) bool {
	parts := strings.Split(v, ".")
	return len(parts) == 4 && !slices.ContainsFunc(parts, func(p string) bool {
		n, err := strconv.Atoi(p)
		return err != nil || n < 0 || n > 255
	})
}

// sixteenBytes: groups of up to four digits, of which "::" stands for some that are 0; the last two may be an IPv4 address.
func sixteenBytes(v string) bool {
	at := strings.LastIndex(v, ":")
	if strings.Contains(v, ".") {
		if at < 0 || !fourBytes(v[at+1:]) {
			return false
		}
		v = v[:at+1] + "0:0"
	}
	groups := strings.Split(v, ":")
	short := strings.Count(v, "::")
	return at >= 0 && short <= 1 && (len(groups) == 8 || short == 1 && len(groups) <= 9) && !slices.ContainsFunc(groups, func(g string) bool {
		_, err := strconv.ParseUint("0"+g, 16, 32)
		return err != nil || len(g) > 4
	})
}

func unfitMember(t typ, v string) string {
	has := func(v string) bool {
		return slices.ContainsFunc(t.values, func(m string) bool { return strings.EqualFold(strings.TrimRight(m, " "), strings.TrimRight(v, " ")) })
	}
	parts := []string{v}
	if t.name == "set" {
		parts = strings.Split(v, ",")
		if v == "" {
			return ""
		}
	}
	for _, p := range parts {
		if n, err := strconv.Atoi(p); !has(p) && !(err == nil && n > 0 && n <= len(t.values)) {
			return "'" + p + "' is no member of it"
		}
	}
	return ""
}

var day = regexp.MustCompile(`^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})([ T].*)?$`)

// clockBehind is what may follow a day: a time, and an offset. There is no Z for UTC.
var clockBehind = regexp.MustCompile(`^[ T]+([01]?\d|2[0-3])(:[0-5]?\d){0,2}(\.\d*)?([+-]\d\d:\d\d)?\s*$`)

// unfitDate looks at the usual ways to write a date, and lets others pass that begin with a digit.
func unfitDate(t typ, v string) string {
	m := day.FindStringSubmatch(v)
	if m == nil {
		if v == "" || v[0] < '0' || v[0] > '9' {
			return "it is no date"
		}
		return ""
	}
	y, _ := strconv.Atoi(m[1])
	mo, _ := strconv.Atoi(m[2])
	da, _ := strconv.Atoi(m[3])
	at := time.Date(y, time.Month(mo), da, 0, 0, 0, 0, time.UTC)
	switch {
	case mo < 1 || da < 1 || at.Month() != time.Month(mo):
		return "there is no such day"
	case m[4] != "" && !clockBehind.MatchString(m[4]):
		return "it is no date"
	case t.name == "timestamp" && (y < 1969 || y > 2038):
		return "a timestamp is from 1970 to 2038"
	}
	return ""
}
