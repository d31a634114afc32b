package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/canary"
)

// metricsServer answers range queries in the form that Prometheus documents, for whoever has the token. The
// metric "slow" is higher on the canary, "same" isn't, "down" is answered by a server that is starting.
func metricsServer(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cr3t" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		if strings.HasPrefix(q.Get("query"), "down") {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"status":"error","errorType":"unavailable","error":"starting"}`))
			return
		}
		_, _ = w.Write(rangeOf(q.Get("query"), whole(q.Get("start")), whole(q.Get("end")), whole(q.Get("step"))))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func whole(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func rangeOf(query string, start, end, step int) []byte {
	canarySide := strings.Contains(query, `"canary"`)
	var values [][]any
	for i, t := 0, start; t <= end; i, t = i+1, t+step {
		v := 100 + 10*math.Sin(float64(i*i)) // no two neighbours alike
		if canarySide {
			v = 100 + 10*math.Cos(float64(i*i))
		}
		if canarySide && strings.HasPrefix(query, "slow") {
			v += 40
		}
		values = append(values, []any{t, fmt.Sprint(v)})
	}
	b, _ := json.Marshal(map[string]any{"status": "success", "data": map[string]any{
		"resultType": "matrix", "result": []any{map[string]any{"metric": map[string]string{}, "values": values}}}})
	return b
}

// TestJudgedHint: MANUAL without an advice still says what to do.
func TestJudgedHint(t *testing.T) {
	v := canary.Verdict{Decision: canary.Manual, Reasons: []string{"x"}}
	if got := (&judgedError{v}).hint(); got != "look at the numbers, and decide by hand" {
		t.Error(got)
	}
	v.Metrics = []canary.Result{{Metric: "a"}, {Metric: "b", Advice: []canary.Advice{{Text: "wait"}}}}
	if got := (&judgedError{v}).hint(); got != "b: wait" {
		t.Error(got)
	}
}

// TestCanaryDocs: the example in docs/canary.md is a configuration, and every key is explained there.
func TestCanaryDocs(t *testing.T) {
	b, err := os.ReadFile("../../../docs/canary.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	c, err := parseCanaryConfig([]byte(example))
	if err != nil || len(c.Metrics) != 4 {
		t.Fatalf("%d metrics, %v", len(c.Metrics), err)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[canary.Config](), reflect.TypeFor[canary.Metric]()} {
		for f := range of.NumField() {
			if key := of.Field(f).Tag.Get("json"); !strings.Contains(string(b), "\n| `"+key+"` |") {
				t.Errorf("docs/canary.md doesn't explain %s", key)
			}
		}
	}
	for _, w := range []canary.Way{canary.LargerShare, canary.LongerWindow, canary.SyntheticLoad, canary.Approval, canary.CheckQuery} {
		if !strings.Contains(string(b), "\n| `"+string(w)+"` |") {
			t.Errorf("docs/canary.md doesn't explain the advice %s", w)
		}
	}
}
