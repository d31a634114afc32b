package canary

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const written = `{"alpha": 0.02, "metrics": [
	{"name": "latency", "direction": "increase", "tolerance": 0.1, "critical": true},
	{"name": "errors", "kind": "counts", "direction": "increase", "limit": 0.01, "weight": 2},
	{"name": "unknown", "kind": "never"}]}`

// TestParseConfig: what isn't written has the default of its kind, and a zero that is written is a zero.
func TestParseConfig(t *testing.T) {
	c, err := ParseConfig([]byte(written))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Alpha: 0.02, Pass: 95, Marginal: 75, Metrics: []Metric{
		{Name: "latency", Group: "default", Kind: Series, Direction: Increase, Critical: true, Weight: 1, Tolerance: 0.1, MinPoints: 30, NoData: Inconclusive},
		{Name: "errors", Group: "default", Kind: Counts, Direction: Increase, Weight: 2, Limit: 0.01, MinEvents: 5, NoData: Inconclusive},
		{Name: "unknown", Group: "default", Kind: Never, Direction: Increase, Critical: true, Weight: 1, NoData: Inconclusive},
	}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	c, err = ParseConfig([]byte(`{"pass": 0, "marginal": 0, "metrics": [{"name": "x", "kind": "counts", "direction": "either", "min_events": 0}]}`))
	if err != nil || c.Pass != 0 || c.Metrics[0].MinEvents != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestConfigIsStable: a plan's hash rests on these bytes. What is read back is the same, every field is
// there, and none is in another place.
func TestConfigIsStable(t *testing.T) {
	c, err := ParseConfig([]byte(written))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"alpha":0.02,"pass":95,"marginal":75,"metrics":[` +
		`{"name":"latency","group":"default","kind":"series","direction":"increase","critical":true,"weight":1,"tolerance":0.1,"absolute_tolerance":0,"min_effect":0,"margin":0,"limit":0,"min_points":30,"min_events":0,"min_requests":0,"nodata":"inconclusive","query":"","total_query":""},` +
		`{"name":"errors","group":"default","kind":"counts","direction":"increase","critical":false,"weight":2,"tolerance":0,"absolute_tolerance":0,"min_effect":0,"margin":0,"limit":0.01,"min_points":0,"min_events":5,"min_requests":0,"nodata":"inconclusive","query":"","total_query":""},` +
		`{"name":"unknown","group":"default","kind":"never","direction":"increase","critical":true,"weight":1,"tolerance":0,"absolute_tolerance":0,"min_effect":0,"margin":0,"limit":0,"min_points":0,"min_events":0,"min_requests":0,"nodata":"inconclusive","query":"","total_query":""}]}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	again, err := ParseConfig(b)
	if err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("read back: %+v, %v", again, err)
	}
}

func TestInvalidConfig(t *testing.T) {
	one := func(fields string) string {
		return `{"metrics": [{"name": "x", "direction": "increase"` + fields + `}]}`
	}
	counts := `, "kind": "counts"`
	for in, want := range map[string]string{
		`{`:                     "unexpected EOF",
		`{} {}`:                 "something follows",
		`{"metrics": []}`:       "nothing would be judged",
		`[]`:                    "it can't be a JSON array",
		one(`, "weight": "1"`):  "weight can't be a JSON string",
		`{"metrix": []}`:        `unknown field "metrix"`,
		one(`, "tolerence": 1`): `unknown field "tolerence"`,
		one(`, "weight": 0`):    "nothing would be judged",
		one(`, "weight": -1`):   "weight is -1",
		`{"alpha": 0, "metrics": [{"name": "x", "direction": "increase"}]}`:                         "alpha is 0",
		`{"alpha": 0.9, "metrics": [{"name": "x", "direction": "increase"}]}`:                       "alpha is 0.9",
		`{"pass": 50, "metrics": [{"name": "x", "direction": "increase"}]}`:                         "marginal 75 and pass 50",
		`{"metrics": [{"name": "x", "direction": "up"}]}`:                                           `direction "up"`,
		`{"metrics": [{"name": "x"}]}`:                                                              `direction ""`,
		`{"metrics": [{"direction": "increase"}]}`:                                                  "a name without spaces",
		`{"metrics": [{"name": "a b", "direction": "increase"}]}`:                                   "a name without spaces",
		`{"metrics": [{"name": "a.total", "direction": "increase"}]}`:                               "can't end in .events or .total",
		`{"metrics": [{"name": "x", "direction": "either"}, {"name": "x", "direction": "either"}]}`: `metric "x" is there twice`,
		`{"metrics": [{"name": "x", "kind": "rate", "direction": "either"}]}`:                       `kind "rate"`,
		`{"metrics": [{"name": "x", "kind": "never", "direction": "decrease"}]}`:                    "the kind never needs",
		one(`, "nodata": "pass"`):                                                                   `nodata "pass"`,
		one(`, "tolerance": -0.1`):                                                                  "tolerance is -0.1",
		one(`, "limit": 0.1`):                                                                       "limit means nothing for the kind series",
		one(counts + `, "margin": 0.1`):                                                             "margin means nothing for the kind counts",
		one(counts + `, "limit": 1`):                                                                "limit is 1",
		one(`, "min_points": 0`):                                                                    "min_points must be at least 1",
		one(`, "tolerance": 0.2, "margin": 0.1`):                                                    "margin must be over the tolerance",
		`{"metrics": [{"name": "x", "kind": "counts", "direction": "either", "limit": 0.1}]}`:       "limit needs the direction increase",
		`{"metrics": [{"name": "x", "direction": "either", "margin": 0.1}]}`:                        "needs a direction",
	} {
		if _, err := ParseConfig([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant …%s…", in, err, want)
		}
	}
	if _, err := Judge(Config{}, Data{}); err == nil {
		t.Error("an empty config was judged")
	}
}

// TestDefaultMinPoints holds the derivation of the default: a shift of one standard deviation is found in
// nine of ten releases at p 0.01.
func TestDefaultMinPoints(t *testing.T) {
	found := 0
	const releases = 2000
	for i := range uint64(releases) {
		c := shifted(noise(DefaultMinPoints, 2*i), 10)
		if mannWhitney(c, noise(DefaultMinPoints, 2*i+1)).greater <= 0.01 {
			found++
		}
	}
	if power := float64(found) / releases; power < 0.9 || power > 0.95 {
		t.Errorf("found in %.3f", power)
	}
}
