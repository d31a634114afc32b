package source

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/phasemig/phasemig/canary"
)

// document is one side of a release as JSON.
type document struct {
	Metrics map[string]*list `json:"metrics"`
	Errors  []serverError    `json:"errors"`
}

// list is one metric; null stands where nothing was measured.
type list struct {
	Times  []stamp    `json:"times"`
	Values []*float64 `json:"values"`
	Events []*float64 `json:"events"`
	Total  []*float64 `json:"total"`
}

type serverError struct {
	Code    code   `json:"code"`
	Count   int    `json:"count"`
	Message string `json:"message"`
}

// stamp is a time in milliseconds, written as RFC 3339 or as Unix seconds.
type stamp int64

func (s *stamp) UnmarshalJSON(b []byte) error {
	ms, err := moment(strings.Trim(string(b), `"`))
	*s = stamp(ms)
	return err
}

// code is a server's error code, written as a number or as text.
type code string

func (c *code) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(c))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*c = code(n)
	return err
}

// JSON reads one side of a release: {"metrics": {NAME: {"times": […], "values": […]} or {"times": […],
// "events": […], "total": […]}}, "errors": [{"code": "42703", "count": 1, "message": "…"}]}.
// Times are RFC 3339 or Unix seconds; null means that nothing was measured.
func JSON(r io.Reader) (canary.Population, error) {
	var doc document
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return canary.Population{}, fmt.Errorf("read JSON: %w", plain(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return canary.Population{}, errors.New("read JSON: something follows the end of the document")
	}
	metrics := map[string]*gappy{}
	for name, l := range doc.Metrics {
		if l == nil {
			return canary.Population{}, fmt.Errorf("metric %s: null", name)
		}
		metrics[name] = l.gappy()
	}
	p, err := samples(metrics)
	for _, e := range doc.Errors {
		if e.Count < 0 || e.Code == "" {
			return canary.Population{}, fmt.Errorf("error %q: a code and a count from 0 are needed", e.Code)
		}
		p.Errors = append(p.Errors, canary.ServerError{Code: string(e.Code), Count: e.Count, Message: e.Message})
	}
	return p, err
}

// plain says a JSON error without the names of our types.
func plain(err error) error {
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return fmt.Errorf("%s can't be a JSON %s", cmp.Or(t.Field, "it"), t.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func (l *list) gappy() *gappy {
	g := &gappy{values: l.Values, events: l.Events, total: l.Total}
	for _, t := range l.Times {
		g.times = append(g.times, int64(t))
	}
	return g
}
