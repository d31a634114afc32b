package gate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// prometheusServer answers range queries like Prometheus: values as text, a matrix of one series. Latencies
// of the canary are larger by a factor.
func prometheusServer(t *testing.T, worse *float64) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" || r.URL.Path != "/api/v1/query_range" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var start, end, step float64
		fmt.Sscan(r.FormValue("start"), &start)
		fmt.Sscan(r.FormValue("end"), &end)
		fmt.Sscan(r.FormValue("step"), &step)
		factor := 1.0
		if strings.Contains(r.FormValue("query"), `track="canary"`) {
			factor = *worse
		}
		var values []string
		for at, i := start, 0; at <= end; at, i = at+step, i+1 {
			values = append(values, fmt.Sprintf("[%.3f,%q]", at, fmt.Sprint(factor*(0.2+0.001*float64(i*7919%100)))))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(values, ","))
	}))
	t.Cleanup(srv.Close)
	return srv
}

func latency() map[string]any {
	return map[string]any{"metrics": []any{map[string]any{"name": "latency", "direction": "increase", "critical": true, "tolerance": 0.1, "query": "p99{$labels}"}}}
}

func TestCanaryByPrometheus(t *testing.T) {
	t.Setenv("PROM_TOKEN", "s3cret")
	worse := 1.0
	srv := prometheusServer(t, &worse)
	in := input("canary", latency())
	want(t, in, Inconclusive, "defines 0 under canaries")
	in.Targets.Canaries = map[string]Canary{"shop": {Prometheus: srv.URL, TokenEnv: "PROM_TOKEN", Baseline: `track="stable"`, Canary: `track="canary"`}}
	want(t, in, Pass, "PROMOTE")
	worse = 1.5
	want(t, in, Fail, "ROLLBACK")
	in.Ref.Params["window"] = "10m"
	worse = 1
	want(t, in, Inconclusive, "more points on each side would do")
	t.Setenv("PROM_TOKEN", "other")
	want(t, in, Inconclusive, "status 401")
	v := Check(t.Context(), in)
	if b, _ := json.Marshal(v); strings.Contains(string(b), "other") {
		t.Errorf("the token shows: %s", b)
	}
	srv.Close()
	want(t, in, Inconclusive, "canary shop: ")
}

func TestCanaryByFiles(t *testing.T) {
	dir := t.TempDir()
	in := input("canary", latency())
	in.Now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	in.Targets.Canaries = map[string]Canary{"f": {BaselineFile: filepath.Join(dir, "old.csv"), CanaryFile: filepath.Join(dir, "new.csv")}}
	want(t, in, Inconclusive, "no such file")
	csv := func(end time.Time, factor float64) string {
		out := "time,latency\n"
		for i := range 60 {
			out += fmt.Sprintf("%d,%g\n", end.Add(time.Duration(i-59)*time.Minute).Unix(), factor*(0.2+0.001*float64(i*7919%100)))
		}
		return out
	}
	both := func(end time.Time, factor float64) {
		write(t, filepath.Join(dir, "old.csv"), csv(end, 1))
		write(t, filepath.Join(dir, "new.csv"), csv(end, factor))
	}
	both(in.Now, 1)
	want(t, in, Pass, "PROMOTE")
	both(in.Now, 1.5)
	want(t, in, Fail, "ROLLBACK")
	both(in.Now.Add(-2*time.Hour), 1)
	want(t, in, Inconclusive, "outside of the window")
	write(t, filepath.Join(dir, "new.csv"), "latency\n0.2\n")
	write(t, filepath.Join(dir, "old.csv"), "latency\n0.2\n")
	want(t, in, Inconclusive, "no times")
}

// TestCanaryIsCompleteInThePlan: every threshold is in the settings, and reading them again changes
// nothing.
func TestCanaryIsCompleteInThePlan(t *testing.T) {
	g := plans.GateRef{Kind: "canary", Params: latency()}
	once, err := Complete(g)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(once)
	for _, has := range []string{`"alpha":0.05`, `"pass":95`, `"marginal":75`, `"min_points":30`, `"window":"1h0m0s"`} {
		if !strings.Contains(string(b), has) {
			t.Errorf("%s is not in %s", has, b)
		}
	}
	if err := Validate(once); err != nil {
		t.Error(err)
	}
	if twice, err := Complete(once); err != nil || !reflect.DeepEqual(twice, once) {
		t.Errorf("twice: %+v, %v", twice, err)
	}
	for _, p := range []map[string]any{nil, {"metrics": []any{}}, {"metrics": []any{map[string]any{"name": "x"}}}, {"alpha": 2, "metrics": latency()["metrics"]},
		{"window": "1s", "metrics": latency()["metrics"]}, {"metric": 1}} {
		if Validate(plans.GateRef{Kind: "canary", Params: p}) == nil {
			t.Errorf("%v is taken", p)
		}
	}
	for _, c := range []Canary{{}, {Prometheus: "http://x"}, {Prometheus: "http://x", Baseline: "a", Canary: "a"}, {BaselineFile: "x"}} {
		if c.validate() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
