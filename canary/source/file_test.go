package source

import (
	"reflect"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/canary"
)

func TestCSV(t *testing.T) {
	p, err := CSV(strings.NewReader("\uFEFFtime, latency,errors.events,errors.total,note.total,note\n" +
		"2026-03-01T10:00:00Z,12.5,0,100,7,1\n" +
		"1772359260,,1,90,,\n" +
		"1772359320.5,13,2,,8,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	const at = 1772359200000
	want := map[string]canary.Sample{
		"latency": {Times: []int64{at, at + 120500}, Values: []float64{12.5, 13}, Dropped: 1},
		"errors":  {Times: []int64{at, at + 60000}, Events: []float64{0, 1}, Total: []float64{100, 90}, Dropped: 1},
		"note":    {Times: []int64{at, at + 120500}, Values: []float64{1, 2}, Total: []float64{7, 8}, Dropped: 1},
	}
	if !reflect.DeepEqual(p.Metrics, want) {
		t.Errorf("got  %+v\nwant %+v", p.Metrics, want)
	}
}

func TestJSON(t *testing.T) {
	p, err := JSON(strings.NewReader(`{"metrics": {"latency": {"times": ["2026-03-01T10:00:00Z", 1772359260, 1772359320.5], "values": [12.5, null, 13]},
		"errors": {"events": [0, 1], "total": [100, 90]}}, "errors": [{"code": 1054, "count": 2}, {"code": "42703", "count": 1, "message": "column x"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const at = 1772359200000
	want := canary.Population{
		Metrics: map[string]canary.Sample{
			"latency": {Times: []int64{at, at + 120500}, Values: []float64{12.5, 13}, Dropped: 1},
			"errors":  {Events: []float64{0, 1}, Total: []float64{100, 90}},
		},
		Errors: []canary.ServerError{{Code: "1054", Count: 2}, {Code: "42703", Count: 1, Message: "column x"}},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
}

// TestRefused: what can't be read as meant is an error that says where.
func TestRefused(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "it is empty",
		"a,a\n1,2\n":                "column a is there twice",
		"a,,b\n":                    "column 2 has no name",
		"time,a\n10,1\n10,2\n":      "point 2 is not later",
		"time,a\nnoon,1\n":          `line 2: time "noon"`,
		"time,a\n1772359200000,1\n": "are these seconds?",
		"a\n1\nNaN\n":               `line 3, column a: "NaN" is no finite number`,
		"a\n-inf\n":                 "is no finite number",
		"a\n1e999\n":                "is no finite number",
		"a\nfast\n":                 `"fast" is no finite number`,
		"a,b\n1\n":                  "wrong number of fields",
		"a,b\n1,\n":                 "metric b: points are missing and there are no times",
		"a.total\n1\n":              "metric a: either values or events are needed",
		"a,a.events\n1,1\n":         "metric a: either values or events are needed",
		`{`:                         "unexpected EOF",
		`{"metrics": {}} {}`:        "something follows",
		`{"metric": {}}`:            "unknown field",
		`{"metrics": {"a": null}}`:  "metric a: null",
		`{"metrics": {"a": {"values": [1], "times": [1, 2]}}}`: "1 points and 2 times",
		`{"metrics": {"a": {"events": [1], "total": [1, 2]}}}`: "lists of 1 and 2 points",
		`{"metrics": {"a": {"values": [1], "times": [null]}}}`: `time "null"`,
		`{"metrics": {"a": {"values": ["NaN"]}}}`:              "values can't be a JSON string",
		`{"metrics": {"a": {"values": [1e999]}}}`:              "values can't be a JSON number 1e999",
		`{"errors": [{"code": "42703", "count": -1}]}`:         "a count from 0",
		`{"errors": [{"count": 1}]}`:                           "a code",
	} {
		read := CSV
		if strings.HasPrefix(in, "{") {
			read = JSON
		}
		if _, err := read(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant …%s…", in, err, want)
		}
	}
}
