package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/internal/dberr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var hour = Window{Start: time.Date(2026, 3, 1, 9, 0, 20, 0, time.UTC), End: time.Date(2026, 3, 1, 10, 0, 20, 0, time.UTC), Step: time.Minute}

var sides = Labels{Baseline: `track="stable"`, Canary: `track="canary"`}

func config(metrics ...canary.Metric) canary.Config {
	c := canary.NewConfig()
	c.Metrics = metrics
	return c
}

func metric(k canary.Kind, name, query, total string) canary.Metric {
	m := canary.NewMetric(k)
	m.Name, m.Direction, m.Query, m.TotalQuery = name, canary.Increase, query, total
	return m
}

// serve answers queries by their text and keeps what was asked.
func serve(t *testing.T, answers map[string]string) (string, *[]url.Values) {
	t.Helper()
	var asked []url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/prom/api/v1/query_range" || r.Header.Get("Authorization") != "Bearer s3cr3t" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		asked = append(asked, r.URL.Query())
		w.Header().Set("Content-Type", "application/json")
		if a, ok := answers[r.URL.Query().Get("query")]; ok {
			_, _ = w.Write([]byte(a))
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"status":"error","errorType":"bad_data","error":"parse error at char 3"}`))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/prom/", &asked
}

func series(values string) string {
	return `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[` + values + `]}]}}`
}

const none = `{"status":"success","data":{"resultType":"matrix","result":[]}}`

func read(ctx context.Context, at string, c canary.Config) (canary.Data, error) {
	return Prometheus{URL: at, Token: "s3cr3t"}.Read(ctx, c, hour, sides)
}

func TestPrometheus(t *testing.T) {
	at, asked := serve(t, map[string]string{
		`lat{track="stable"}[60000ms]`: series(`[1772355660,"100.5"],[1772355720,"NaN"],[1772355780.5,"1e2"]`),
		`lat{track="canary"}[60000ms]`: `{"status":"success","warnings":["store b didn't answer"],"data":{"resultType":"matrix","result":[]}}`,
		`err{track="stable"}`:          series(`[1772355660,"0"],[1772355780,"2.04"]`),
		`all{track="stable"}`:          series(`[1772355660,"10"],[1772355720,"20"],[1772355780,"30"]`),
		`err{track="canary"}`:          none,
		`all{track="canary"}`:          series(`[1772355660,"10"]`),
		`unk{track="stable"}`:          none,
		`unk{track="canary"}`:          series(`[1772355660,"0"]`),
	})
	got, err := read(t.Context(), at, config(metric(canary.Series, "lat", "lat{$labels}[$step]", ""), metric(canary.Counts, "err", "err{$labels}", "all{$labels}"), metric(canary.Never, "unk", "unk{$labels}", "")))
	if err != nil {
		t.Fatal(err)
	}
	want := canary.Data{
		Baseline: canary.Population{Metrics: map[string]canary.Sample{
			"lat": {Times: []int64{1772355660000, 1772355780500}, Values: []float64{100.5, 100}, Dropped: 1},
			"err": {Times: []int64{1772355660000, 1772355780000}, Events: []float64{0, 2.04}, Total: []float64{10, 30}, Dropped: 1},
			"unk": {},
		}},
		Canary: canary.Population{Metrics: map[string]canary.Sample{
			"lat": {Incomplete: "store b didn't answer"},
			"err": {Dropped: 1},
			"unk": {Times: []int64{1772355660000}, Events: []float64{0}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	first := (*asked)[0]
	// 09:00:20 to 10:00:20 is cut to the minutes that end at 09:01 to 10:00.
	if first.Get("query") != `unk{track="canary"}` || first.Get("start") != "1772355660" || first.Get("end") != "1772359200" || first.Get("step") != "60" || first.Get("timeout") != "10000ms" {
		t.Errorf("asked %v first", first)
	}
}

// TestNeverFirst: an event that may never be ends the reading; what can't be read isn't asked.
func TestNeverFirst(t *testing.T) {
	at, asked := serve(t, map[string]string{`unk{track="canary"}`: series(`[1772355660,"0"],[1772355720,"1.02"]`), `unk{track="stable"}`: none})
	c := config(metric(canary.Series, "lat", "broken{$labels}", ""), metric(canary.Never, "unk", "unk{$labels}", ""))
	d, err := read(t.Context(), at, c)
	if err != nil || len(*asked) != 2 {
		t.Fatalf("%v; asked %v", err, *asked)
	}
	if v, err := canary.Judge(c, d); err != nil || v.Decision != canary.Rollback {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for body, want := range map[string]string{
		`<html>`:               "isn't Prometheus's",
		`{"status":"success"}`: `of type ""`,
		`{"status":"success","data":{"resultType":"vector","result":[]}}`:                                                    `of type "vector"`,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]},{"metric":{},"values":[]}]}}`: "2 series",
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{}]]}]}}`:                 "native histogram",
		`{"status":"error","errorType":"execution","error":"too many samples"}`:                                              "execution: too many samples",
		series(`[1,"+Inf"]`):      "the value at 1 is +Inf",
		series(`[1,"x"]`):         "isn't Prometheus's",
		series(`[1,2]`):           "isn't Prometheus's",
		series(`[2,"1"],[2,"1"]`): "not in the order of time",
	} {
		if _, err := answer(http.StatusOK, []byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant …%s…", body, err, want)
		}
	}
}

// TestAgain: what may be answered later is told from what never will.
func TestAgain(t *testing.T) {
	for _, c := range []struct {
		status    int
		body      string
		temporary bool
		want      string
	}{
		{503, `{"status":"error","errorType":"unavailable","error":"starting"}`, true, "status 503: unavailable: starting"},
		{502, `bad gateway`, true, "status 502"},
		{429, ``, true, "status 429"},
		{400, `{"status":"error","errorType":"bad_data","error":"parse error"}`, false, "status 400: bad_data: parse error"},
		{422, `{"status":"error","errorType":"execution","error":"x"}`, false, "status 422: execution: x"},
		{401, ``, false, "status 401"},
		{404, `not found`, false, "isn't Prometheus's"},
	} {
		_, err := answer(c.status, []byte(c.body))
		if err == nil || dberr.Temporary(err) != c.temporary || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: temporary %v, %v", c.status, dberr.Temporary(err), err)
		}
	}
}

// TestSilence: a server that doesn't answer in time, or isn't there, is tried again later; no error shows the token.
func TestSilence(t *testing.T) {
	stuck := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
	}))
	c := config(metric(canary.Series, "lat", "lat{$labels}", ""))
	_, err := Prometheus{URL: s.URL, Token: "s3cr3t", Timeout: 50 * time.Millisecond}.Read(t.Context(), c, hour, sides)
	if err == nil || !dberr.Temporary(err) || !strings.Contains(err.Error(), "no answer within 50ms") || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("stuck: %v", err)
	}
	close(stuck)
	s.Close()
	_, err = Prometheus{URL: s.URL, Token: "s3cr3t"}.Read(t.Context(), c, hour, sides)
	if err == nil || !dberr.Temporary(err) || !strings.Contains(err.Error(), "lat of the canary: ask Prometheus: ") {
		t.Errorf("gone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = read(ctx, s.URL, c); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestAnswerTooLong: a server can't fill our memory.
func TestAnswerTooLong(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range mostAnswer>>20 + 1 {
			_, _ = w.Write([]byte(strings.Repeat(" ", 1<<20)))
		}
	}))
	defer s.Close()
	if _, err := read(t.Context(), s.URL, config(metric(canary.Series, "lat", "lat{$labels}", ""))); err == nil || !strings.Contains(err.Error(), "longer than 16 MB") {
		t.Error(err)
	}
}

// TestQueriesThatCannotBeMeant are found before anything is asked.
func TestQueriesThatCannotBeMeant(t *testing.T) {
	lat := metric(canary.Series, "lat", "lat{$labels}", "")
	for _, c := range []struct {
		config canary.Config
		window Window
		labels Labels
		want   string
	}{
		{config(lat), hour, Labels{`a="b"`, `a="b"`}, "same labels"},
		{config(lat), hour, Labels{"", `a="b"`}, "labels of the baseline and of the canary are needed"},
		{config(metric(canary.Series, "lat", "", "")), hour, sides, "metric lat has no query"},
		{config(metric(canary.Series, "lat", "lat", "")), hour, sides, "doesn't hold $labels"},
		{config(metric(canary.Counts, "err", "err{$labels}", "")), hour, sides, "metric err has no total_query"},
		{config(lat), Window{hour.Start, hour.End, time.Millisecond}, sides, "at least a second"},
		{config(lat), Window{hour.End, hour.Start, time.Minute}, sides, "has 0 steps"},
		{config(lat), Window{hour.Start.AddDate(-1, 0, 0), hour.End, time.Minute}, sides, "1 to 11000 can be asked for"},
	} {
		_, err := Prometheus{URL: "http://127.0.0.1:1"}.Read(t.Context(), c.config, c.window, c.labels)
		if err == nil || !strings.Contains(err.Error(), c.want) || dberr.Temporary(err) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
	for _, at := range []string{"", "prom", "://"} {
		if _, err := (Prometheus{URL: at}).Read(t.Context(), config(lat), hour, sides); err == nil || !strings.Contains(err.Error(), "is no URL") {
			t.Errorf("%q: %v", at, err)
		}
	}
}

func ExampleWindow() {
	w, err := Window{Start: hour.Start, End: hour.End, Step: 15 * time.Minute}.aligned()
	fmt.Println(w.Start.Format(time.TimeOnly), w.End.Format(time.TimeOnly), err)
	// Output: 09:15:00 10:00:00 <nil>
}
