package throttle

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Threshold is a limit on one of the server's variables.
type Threshold struct {
	Name string
	Max  float64 // at or under: go on
}

// Thresholds are limits as they are written: "Threads_running=25,Threads_connected=900".
type Thresholds []Threshold

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// ParseThresholds reads NAME=NUMBER, separated by commas. "" is none.
func ParseThresholds(text string) (Thresholds, error) {
	var out Thresholds
	for _, one := range strings.Split(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		name = strings.TrimSpace(name)
		limit, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if !ok || err != nil || !variable.MatchString(name) || !(limit >= 0) {
			return nil, fmt.Errorf("%q is not NAME=NUMBER, as in Threads_running=25", one)
		}
		out = append(out, Threshold{name, limit})
	}
	return out, nil
}

func (t Thresholds) String() string {
	var out []string
	for _, one := range t {
		out = append(out, one.Name+"="+strconv.FormatFloat(one.Max, 'g', -1, 64))
	}
	return strings.Join(out, ",")
}

// Names lists the variables.
func (t Thresholds) Names() []string {
	var out []string
	for _, one := range t {
		out = append(out, one.Name)
	}
	return out
}

// Signals compares values, which have the names in lower case. A limit of zero is a
// limit, too.
func (t Thresholds) Signals(values map[string]float64, act Act) []Signal {
	var out []Signal
	for _, one := range t {
		s := Signal{Name: one.Name, Value: values[strings.ToLower(one.Name)], Limit: one.Max, Act: act}
		if one.Max == 0 && s.Value > 0 {
			s.Why = number(s.Value) + " > 0"
		}
		out = append(out, s)
	}
	return out
}
