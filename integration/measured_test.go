package integration

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"sort"
	"strconv"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// The application's instances measure every quarter of a minute; a release is looked at for long enough.
const (
	measuredEvery = 15 * time.Second
	measuredFor   = 58 * time.Minute // Prometheus takes nothing that is an hour older than the newest sample
	// requests that a revision answers between two measurements.
	measuredRequests = 100
)

// revision is a release of the application as its measurements show it: healthy at first, and from a third of
// the time on as many times slower as it says, and with as many of the database's errors.
type revision struct {
	name   string
	slower float64
	errors map[string]float64 // SQLSTATE → how many
}

// bounds are the upper ends of the buckets of latencies, in seconds.
var bounds = []float64{.05, .075, .11, .17, .25, .38, .57, .86, 1.3, 2, 3, math.Inf(1)}

// series is one line of measurements: its labels, and a value for each moment.
type series struct {
	labels map[string]string
	values []float64
}

// measured writes what the revisions measured up to now into a Prometheus, as an agent with remote write does.
func measured(t testing.TB, url string, list ...revision) {
	t.Helper()
	random := rand.New(rand.NewPCG(20260301, uint64(len(list))))
	var all []series
	for _, r := range list {
		all = append(all, r.series(random)...)
	}
	body := s2.EncodeSnappy(nil, writeRequest(all, time.Now()))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/write", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("remote write: %s %s, %v", resp.Status, text, err)
	}
}

// prometheusFor starts a Prometheus.
func prometheusFor(t testing.TB) string {
	t.Helper()
	return dbtest.Prometheus(t).URL()
}

// series makes the counters of a revision, which only grow.
func (r revision) series(random *rand.Rand) []series {
	name := func(metric string, more ...string) series {
		s := series{labels: map[string]string{"__name__": metric, "revision": r.name}}
		for i := 0; i+1 < len(more); i += 2 {
			s.labels[more[i]] = more[i+1]
		}
		return s
	}
	n := int(measuredFor / measuredEvery)
	turn := n / 3
	buckets := make([]series, len(bounds))
	for i, b := range bounds {
		buckets[i] = name("http_seconds_bucket", "le", strconv.FormatFloat(b, 'g', -1, 64))
	}
	good, bad := name("http_requests_total", "code", "200"), name("http_requests_total", "code", "500")
	counts, failed := make([]float64, len(bounds)), 0.0
	for at := range n {
		factor := 1.0
		if at >= turn && r.slower > 0 {
			factor = r.slower
		}
		for range measuredRequests {
			took := .1 * factor * math.Exp(.5*random.NormFloat64())
			for i, b := range bounds {
				if took <= b {
					counts[i]++
				}
			}
			if random.IntN(400) == 0 {
				failed++
			}
		}
		for i := range buckets {
			buckets[i].values = append(buckets[i].values, counts[i])
		}
		good.values, bad.values = append(good.values, float64((at+1)*measuredRequests)-failed), append(bad.values, failed)
	}
	out := append(buckets, good, bad)
	for code, times := range r.errors {
		s := name("db_errors_total", "sqlstate", code)
		s.values = append(make([]float64, turn), repeated(times, n-turn)...)
		out = append(out, s)
	}
	return out
}

func repeated(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// writeRequest is the message of the remote-write protocol, version 1: prometheus.WriteRequest. The last value of each series is of now.
func writeRequest(all []series, now time.Time) []byte {
	var out []byte
	for _, s := range all {
		out = field(out, 1, s.encode(now))
	}
	return out
}

func (s series) encode(now time.Time) []byte {
	var names []string
	for n := range s.labels {
		names = append(names, n)
	}
	sort.Strings(names)
	var out []byte
	for _, n := range names {
		out = field(out, 1, field(field(nil, 1, []byte(n)), 2, []byte(s.labels[n])))
	}
	for i, v := range s.values {
		at := now.Add(-time.Duration(len(s.values)-1-i) * measuredEvery)
		sample := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(v))
		sample = protowire.AppendVarint(protowire.AppendTag(sample, 2, protowire.VarintType), uint64(at.UnixMilli()))
		out = field(out, 2, sample)
	}
	return out
}

func field(to []byte, number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), content)
}

// canaryGates is a change's gates: the canary's judgement before switch, and an approval before contract.
func canaryGates(requester bool) string {
	return "gates:\n  switch:\n    - canary:\n        target: shop\n        window: 55m\n        metrics:\n" +
		"          - {name: latency_p99, direction: increase, critical: true, tolerance: 0.2, min_points: 20, query: 'histogram_quantile(0.99, sum by (le) (rate(http_seconds_bucket{$labels}[$step])))'}\n" +
		"          - {name: errors, kind: counts, direction: increase, critical: true, limit: 0.02, tolerance: 1, query: 'sum(increase(http_requests_total{$labels, code=\"500\"}[$step])) or vector(0)', total_query: 'sum(increase(http_requests_total{$labels}[$step]))'}\n" +
		"          - {name: unknown_column, kind: never, query: 'clamp_min((sum(db_errors_total{$labels, sqlstate=~\"42703|42S22\"}) or vector(0)) - (sum(db_errors_total{$labels, sqlstate=~\"42703|42S22\"} offset $step) or vector(0)), 0)'}\n" +
		fmt.Sprintf("  contract:\n    - approval: {by: 1, requester: %t}\n", requester)
}

// canaryOf is the runner's configuration of where the canary is measured: the revision of the release beside the
// one before.
func canaryOf(prometheus, baseline, canary string) string {
	return fmt.Sprintf("canaries:\n  shop: {prometheus: %q, baseline: 'revision=\"%s\"', canary: 'revision=\"%s\"'}\n", prometheus, baseline, canary)
}
