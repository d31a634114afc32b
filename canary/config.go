package canary

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Kind says how a metric is judged.
type Kind string

// The kinds.
const (
	Series Kind = "series" // a value at each point, a latency or a load: ranks are compared
	Counts Kind = "counts" // events out of a total, errors of requests: rates are compared
	Never  Kind = "never"  // events of which the canary may have none, an unknown column: one is enough
)

// Direction says which change is for the worse.
type Direction string

// The directions.
const (
	Increase Direction = "increase"
	Decrease Direction = "decrease"
	Either   Direction = "either"
)

// Config is all that decides a verdict beside the data. It is plain, and its JSON has a
// stable order and every field, so that it can be hashed with a plan: a threshold that is changed
// after the plan was approved makes another plan.
type Config struct {
	// Alpha is the chance that a healthy release shows as worse in any metric at all; 0.0001 to
	// 0.5. The bounds behind a pass hold with confidence 1-Alpha each.
	Alpha float64 `json:"alpha"`
	// Pass is the score from which on a release is promoted, Marginal the one under
	// which it is rolled back; both included, 0 to 100.
	Pass     float64  `json:"pass"`
	Marginal float64  `json:"marginal"`
	Metrics  []Metric `json:"metrics"`
}

// Metric is one thing that is compared, and what counts as worse. NewMetric gives the
// defaults; here a zero is a zero.
type Metric struct {
	Name string `json:"name"`
	// Group is the family in which false alarms add up. Alpha is shared by the groups evenly, so that
	// a few metrics that matter keep their sharpness beside many others.
	Group     string    `json:"group"`
	Kind      Kind      `json:"kind"`
	Direction Direction `json:"direction"`
	// Critical: worse means ROLLBACK by itself.
	Critical bool `json:"critical"`
	// Weight is the metric's part of the score. With 0 it is shown and decides nothing.
	Weight float64 `json:"weight"`

	// Tolerance is the worsening that is accepted: a share of the baseline's median for a
	// series, of its odds for counts. 0.1 is ten per cent.
	Tolerance float64 `json:"tolerance"`
	// AbsoluteTolerance is the same in the series' own unit; the larger of both counts.
	AbsoluteTolerance float64 `json:"absolute_tolerance"`
	// MinEffect is the least effect (Cliff's delta, 0 to 1) of a series that counts as
	// worse, however sure it is.
	MinEffect float64 `json:"min_effect"`
	// Margin is the worsening of a series that must be ruled out before it passes, as a
	// share of the baseline's median. 0: not asked for.
	Margin float64 `json:"margin"`
	// Limit is the rate of a count that must be ruled out before it passes; a rate that is
	// sure to be over it is worse, whatever the baseline's is. 0: none.
	Limit float64 `json:"limit"`

	// MinPoints is how many points a series needs on each side, in independent ones (see
	// Numbers.Independent).
	MinPoints int `json:"min_points"`
	// MinEvents is how many events the canary must have been due, by the baseline's rate, before
	// a count without a limit passes.
	MinEvents float64 `json:"min_events"`
	// MinRequests is how many requests must stand behind each side. 0: not asked for.
	MinRequests float64 `json:"min_requests"`
	// NoData is what missing data are: Inconclusive, or Fail.
	NoData Outcome `json:"nodata"`

	// Query and TotalQuery say where a reader finds the values (or events) and the totals. They
	// are not read here, and stand here to be hashed.
	Query      string `json:"query"`
	TotalQuery string `json:"total_query"`
}

// The defaults.
const (
	DefaultAlpha    = 0.05
	DefaultPass     = 95
	DefaultMarginal = 75
	// DefaultMinPoints find a shift of one standard deviation in nine of ten releases at a
	// p of 0.01, the share of one metric in five: 2·((2.33+1.28)·√(π/3)/1)² is 27.
	DefaultMinPoints = 30
	// DefaultMinEvents is where a rate that trebles begins to show.
	DefaultMinEvents = 5
)

// NewConfig has the defaults and no metrics.
func NewConfig() Config {
	return Config{Alpha: DefaultAlpha, Pass: DefaultPass, Marginal: DefaultMarginal}
}

// NewMetric has the defaults of its kind. Name and Direction are left to be set.
func NewMetric(k Kind) Metric {
	m := Metric{Kind: k, Group: "default", Weight: 1, NoData: Inconclusive}
	switch k {
	case Series:
		m.MinPoints = DefaultMinPoints
	case Counts:
		m.MinEvents = DefaultMinEvents
	case Never:
		m.Direction, m.Critical = Increase, true
	}
	return m
}

// ParseConfig reads JSON, fills in the defaults and validates. An unknown key is an
// error: a misspelt threshold must not be a missing one.
func ParseConfig(b []byte) (Config, error) {
	c := NewConfig()
	if err := strict(b, &c); err != nil {
		return Config{}, fmt.Errorf("parse canary config: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("canary config: %w", err)
	}
	return c, nil
}

// UnmarshalJSON starts from the defaults of the metric's kind.
func (m *Metric) UnmarshalJSON(b []byte) error {
	var k struct{ Kind *Kind }
	if err := json.Unmarshal(b, &k); err != nil {
		return plain(err)
	}
	kind := Series
	if k.Kind != nil {
		kind = *k.Kind
	}
	type fields Metric
	f := fields(NewMetric(kind))
	if err := strict(b, &f); err != nil {
		return err
	}
	*m = Metric(f)
	return nil
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return plain(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end of the document")
	}
	return nil
}

// plain says a JSON error without the names of our types.
func plain(err error) error {
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return fmt.Errorf("%s can't be a JSON %s", cmp.Or(t.Field, "it"), t.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// Validate returns all that is wrong.
func (c Config) Validate() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(c.Alpha >= 0.0001 && c.Alpha <= 0.5, "alpha is %v; it must be from 0.0001 to 0.5", c.Alpha)
	bad(c.Marginal >= 0 && c.Marginal <= c.Pass && c.Pass <= 100, "marginal %v and pass %v must be 0 <= marginal <= pass <= 100", c.Marginal, c.Pass)
	seen := map[string]bool{}
	total := 0.0
	for _, m := range c.Metrics {
		bad(!seen[m.Name], "metric %q is there twice", m.Name)
		seen[m.Name] = true
		total += m.Weight
		errs = append(errs, m.validate())
	}
	bad(total > 0, "no metric with a weight above 0: nothing would be judged")
	return errors.Join(errs...)
}

func (m Metric) validate() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("metric %q: "+format, append([]any{m.Name}, args...)...))
		}
	}
	bad(m.Name != "" && !strings.ContainsAny(m.Name, ", \t\r\n\""), "a name without spaces, commas and quotes is needed")
	bad(!strings.HasSuffix(m.Name, ".events") && !strings.HasSuffix(m.Name, ".total"), "a name can't end in .events or .total")
	bad(slices.Contains([]Kind{Series, Counts, Never}, m.Kind), "kind %q is not one of series, counts, never", m.Kind)
	bad(slices.Contains([]Direction{Increase, Decrease, Either}, m.Direction), "direction %q is not one of increase, decrease, either: say which change is for the worse", m.Direction)
	bad(m.NoData == Inconclusive || m.NoData == Fail, "nodata %q is not one of inconclusive, fail", m.NoData)
	for _, f := range m.numbers() {
		bad(f.value >= 0 && f.value <= f.most, "%s is %v; it must be from 0 to %v", f.name, f.value, f.most)
		bad(f.value == 0 || slices.Contains(f.kinds, m.Kind), "%s means nothing for the kind %s", f.name, m.Kind)
	}
	bad(m.Kind != Series || m.MinPoints >= 1, "min_points must be at least 1")
	bad(m.Margin == 0 || m.Margin > m.Tolerance && m.Direction != Either, "margin must be over the tolerance, and needs a direction of increase or decrease")
	bad(m.Limit == 0 || m.Direction == Increase, "limit needs the direction increase")
	bad(m.Kind != Never || m.Direction == Increase, "the kind never needs the direction increase")
	return errors.Join(errs...)
}

// number is a setting with its range and the kinds that it means something to.
type number struct {
	name        string
	value, most float64
	kinds       []Kind
}

func (m Metric) numbers() []number {
	all, series, counts := []Kind{Series, Counts, Never}, []Kind{Series}, []Kind{Counts}
	return []number{
		{"weight", m.Weight, 1e6, all},
		{"tolerance", m.Tolerance, 1e3, []Kind{Series, Counts}},
		{"absolute_tolerance", m.AbsoluteTolerance, hugest, series},
		{"min_effect", m.MinEffect, 1, series},
		{"margin", m.Margin, 1e3, series},
		{"limit", m.Limit, 0.999, counts},
		{"min_points", float64(m.MinPoints), 1e6, series},
		{"min_events", m.MinEvents, 1e9, counts},
		{"min_requests", m.MinRequests, math.MaxInt32, []Kind{Series, Counts}},
	}
}
