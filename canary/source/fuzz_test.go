package source

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/phasemig/phasemig/canary"
)

// judged is what holds for whatever a reader lets through: the judge takes it or refuses it, and a
// verdict is plain JSON, so it holds no NaN.
func judged(t *testing.T, p canary.Population) {
	t.Helper()
	c := canary.NewConfig()
	for name, s := range p.Metrics {
		m := canary.NewMetric(canary.Series)
		if len(s.Events) > 0 && len(s.Total) > 0 {
			m = canary.NewMetric(canary.Counts)
		} else if len(s.Events) > 0 {
			m = canary.NewMetric(canary.Never)
		}
		m.Name, m.Direction = name, canary.Increase
		c.Metrics = append(c.Metrics, m)
		for i := 1; i < len(s.Times); i++ {
			if s.Times[i] <= s.Times[i-1] {
				t.Fatalf("%s: times %v", name, s.Times)
			}
		}
		for _, list := range [][]float64{s.Values, s.Events, s.Total} {
			for _, v := range list {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: %v", name, list)
				}
			}
		}
	}
	v, err := canary.Judge(c, canary.Data{Baseline: p, Canary: p})
	if err != nil {
		return
	}
	if _, err := json.Marshal(v); err != nil {
		t.Fatalf("%+v: %v", v, err)
	}
	for _, r := range v.Metrics {
		if r.Outcome == canary.Fail && r.Kind != canary.Never {
			t.Fatalf("a side is worse than itself: %+v", r)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("time,a,b.events,b.total\n1,2,3,4\n2,,3,5\n2026-03-01T10:00:00Z,1e3,0,0\n"))
	f.Add([]byte("\uFEFFa\n1\n1\n2\n"))
	f.Add([]byte("a.events\n0\n0.5\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := CSV(bytes.NewReader(b)); err == nil {
			judged(t, p)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"metrics": {"a": {"times": [1, "2026-03-01T10:00:00Z"], "values": [1, null]}, "b": {"events": [0, 1], "total": [10, 20]}}, "errors": [{"code": 1054, "count": 0}]}`))
	f.Add([]byte(`{"metrics": {"a": {"events": [1e308]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := JSON(bytes.NewReader(b)); err == nil {
			judged(t, p)
		}
	})
}

func FuzzPrometheus(f *testing.F) {
	f.Add(200, []byte(series(`[1,"1"],[2,"NaN"],[3,"2.5"]`)))
	f.Add(200, []byte(none))
	f.Add(503, []byte(`{"status":"error","errorType":"unavailable","error":"x"}`))
	f.Fuzz(func(t *testing.T, status int, b []byte) {
		m, err := answer(status, b)
		if err != nil {
			return
		}
		for _, k := range []canary.Kind{canary.Series, canary.Counts, canary.Never} {
			total := &m
			if k == canary.Never {
				total = nil
			}
			judged(t, canary.Population{Metrics: map[string]canary.Sample{"a": m.sample(k, total)}})
		}
	})
}
