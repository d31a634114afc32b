package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/internal/dberr"
)

// matrix is the one series that a query gave.
type matrix struct {
	times    []int64
	values   []float64
	dropped  int // NaN: the query had nothing to divide by, or no observation
	warnings []string
}

// reply is Prometheus's answer to a range query.
type reply struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	Data      struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Metric     map[string]string `json:"metric"`
			Values     []point           `json:"values"`
			Histograms json.RawMessage   `json:"histograms"`
		} `json:"result"`
	} `json:"data"`
}

// point is written as [seconds, "value"].
type point struct {
	ms    int64
	value float64
}

func (p *point) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	var at float64
	var text string
	if len(parts) != 2 || json.Unmarshal(parts[0], &at) != nil || json.Unmarshal(parts[1], &text) != nil {
		return fmt.Errorf("%s is no point of a matrix", b)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("value %q is no number", text)
	}
	p.value = v
	p.ms, err = milliseconds(at)
	return err
}

// answer reads a reply. A server that is busy may answer later; one that refuses the query won't.
func answer(status int, body []byte) (matrix, error) {
	var r reply
	err := json.Unmarshal(body, &r)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return matrix{}, dberr.WithHint(fmt.Errorf("status %d", status), "set PHASEMIG_PROMETHEUS_TOKEN to a token that may read")
	case status == http.StatusTooManyRequests || status >= 500:
		return matrix{}, dberr.WithHint(dberr.Mark(dberr.Unreachable, fmt.Errorf("status %d%s", status, because(r))), "Prometheus is busy or starting; safe to call again")
	case status/100 != 2 && r.Error != "":
		return matrix{}, fmt.Errorf("status %d%s", status, because(r))
	case status/100 != 2 || err != nil:
		return matrix{}, dberr.WithHint(fmt.Errorf("status %d, and the answer isn't Prometheus's: %.200q", status, body), "check the address: it is that of the server, without /api/v1")
	case r.Status != "success":
		return matrix{}, fmt.Errorf("status %q%s", r.Status, because(r))
	}
	return r.matrix()
}

func because(r reply) string {
	if r.Error == "" {
		return ""
	}
	return strings.TrimRight(": "+r.ErrorType+": "+r.Error, ": ")
}

// matrix takes the one series. None is no error here: nothing was counted yet, or nothing matches,
// and the judge says that data are missing.
func (r reply) matrix() (matrix, error) {
	m := matrix{warnings: r.Warnings}
	if r.Data.ResultType != "matrix" {
		return m, fmt.Errorf("the result is of type %q, not a matrix", r.Data.ResultType)
	}
	if n := len(r.Data.Result); n > 1 {
		return m, dberr.WithHint(fmt.Errorf("it gives %d series; one is needed", n), "aggregate in the query, as in sum(…) or max(…)")
	}
	for _, s := range r.Data.Result {
		if len(s.Histograms) > 0 {
			return m, dberr.WithHint(errors.New("it gives a native histogram"), "take a value out of it, as in histogram_quantile(0.99, …)")
		}
		for _, p := range s.Values {
			if err := m.add(p); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

func (m *matrix) add(p point) error {
	switch {
	case math.IsNaN(p.value):
		m.dropped++
		return nil
	case math.IsInf(p.value, 0):
		return dberr.WithHint(fmt.Errorf("the value at %s is %v", seconds(p.ms), p.value), "a quantile beyond the last bucket of a histogram, or a division by zero: mend the query")
	case len(m.times) > 0 && p.ms <= m.times[len(m.times)-1]:
		return fmt.Errorf("the points are not in the order of time at %s", seconds(p.ms))
	}
	m.times, m.values = append(m.times, p.ms), append(m.values, p.value)
	return nil
}

// sample joins a metric with its totals where both have a point.
func (m matrix) sample(k canary.Kind, total *matrix) canary.Sample {
	s := canary.Sample{Times: m.times, Dropped: m.dropped, Incomplete: strings.Join(m.warnings, "; ")}
	values := m.values
	if total != nil {
		s.Times, values, s.Total = join(m, *total)
		s.Dropped = max(len(m.times)+m.dropped, len(total.times)+total.dropped) - len(s.Times)
		s.Incomplete = strings.Join(append(m.warnings, total.warnings...), "; ")
	}
	if k == canary.Series {
		s.Values = values
	} else {
		s.Events = values
	}
	return s
}

func join(a, b matrix) (times []int64, x, y []float64) {
	for i, j := 0, 0; i < len(a.times) && j < len(b.times); {
		switch {
		case a.times[i] < b.times[j]:
			i++
		case a.times[i] > b.times[j]:
			j++
		default:
			times, x, y = append(times, a.times[i]), append(x, a.values[i]), append(y, b.values[j])
			i++
			j++
		}
	}
	return times, x, y
}
