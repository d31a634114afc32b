package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/serve"
)

// ServeOptions of a measurement of the server: what a migration loses by requests to the API.
type ServeOptions struct {
	Kind    throwaway.Kind
	Rows    int           // 2,000,000
	Pairs   int           // 7
	Workers int           // 2
	Rate    int           // requests a second; 200
	Least   time.Duration // how long requests are sent at least, also when the migration is done; 60 s
	Open    dialect.Open
	Out     io.Writer
}

// ServeResult holds the pairs of one server: seconds of an expand alone, and under requests.
type ServeResult struct {
	Server string    `json:"server"`
	Rows   int       `json:"rows"`
	Pairs  int       `json:"pairs"`
	Rate   int       `json:"requests_per_s"`
	Alone  []float64 `json:"alone_s"`
	Under  []float64 `json:"under_requests_s"`
	Ratio  float64   `json:"under_over_alone"` // median of the pairs' ratios; promise: ≤ 1.1
	// Of the requests of all pairs. Latencies in ms, from the moment at which a request was due; promise of P99: < 50, and no error.
	Requests int     `json:"requests"`
	Errors   int     `json:"errors"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Longest  float64 `json:"longest_ms"`
	First    string  `json:"first_error,omitempty"`
}

// RunServe measures one server. The requests are sent by this process, too, and so is their cost.
func RunServe(ctx context.Context, o ServeOptions) (ServeResult, error) {
	o.Rows, o.Pairs, o.Workers, o.Rate = cmp.Or(o.Rows, 2_000_000), cmp.Or(o.Pairs, 7), cmp.Or(o.Workers, 2), cmp.Or(o.Rate, 200)
	b, err := makeBed(ctx, o.Kind)
	if err != nil {
		return ServeResult{}, err
	}
	defer b.close(ctx)
	m := &serveMeasure{measure: measure{o: Options{Kind: o.Kind, Rows: o.Rows, Open: o.Open, Out: o.Out}, db: b.db, dsn: b.dsn, sql: textFor(o.Kind), change: rename}, so: o,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
	defer m.client.CloseIdleConnections()
	return m.run(ctx, b.name())
}

type serveMeasure struct {
	measure
	so     ServeOptions
	url    string
	secret string
	client *http.Client
}

func (m *serveMeasure) run(ctx context.Context, server string) (r ServeResult, err error) {
	r = ServeResult{Server: server, Rows: m.so.Rows, Pairs: m.so.Pairs, Rate: m.so.Rate}
	if err := m.exec(ctx, m.sql.load(m.so.Rows)...); err != nil {
		return r, fmt.Errorf("load %d rows: %w", m.so.Rows, err)
	}
	stop, err := m.serve(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var all requests
	for i := range m.so.Pairs {
		for n := range 2 { // each second pair begins with the requests
			under := (i+n)%2 == 1
			one, err := m.expand(ctx, under, &all)
			if err != nil {
				return r, err
			}
			to, name := &r.Alone, "alone"
			if under {
				to, name = &r.Under, "under requests"
			}
			*to = append(*to, one.Seconds())
			fmt.Fprintf(m.so.Out, "%s  pair %d  %-16s %8.2f s\n", server, i+1, name, one.Seconds())
		}
	}
	r.Ratio = median(ratios(r.Under, r.Alone))
	l := all.lap()
	r.Requests, r.Errors, r.P50, r.P99, r.Longest = len(l.times), l.errors, l.percentile(.5), l.percentile(.99), l.percentile(1)
	if all.first != nil {
		r.First = all.first.Error()
	}
	return r, nil
}

// serve starts the server on loopback, as `phasemig serve` does.
func (m *serveMeasure) serve(ctx context.Context) (stop func() error, err error) {
	secret, hash := serve.NewSecret()
	m.secret = secret
	s, err := serve.New(serve.Config{
		Environments: []serve.Environment{{Name: "bench", Open: func(ctx context.Context) (*dialect.Database, error) { return m.so.Open(ctx, m.dsn) }, Engine: engine.Config{Workers: m.so.Workers}}},
		Tokens:       []serve.Token{{Name: "bench", Hash: hash, Scopes: []serve.Scope{serve.ScopeAdmin}}},
		Describe: func(_ context.Context, _ string, err error) serve.Problem {
			return serve.Problem{Class: "error", Exit: 1, Detail: err.Error()}
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m.url = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error { return s.Run(ctx, l, nil) })
	return func() error { cancel(); return g.Wait() }, nil
}

// expand is the time of an expand by the API, on a fresh copy of the table.
func (m *serveMeasure) expand(ctx context.Context, under bool, all *requests) (time.Duration, error) {
	if err := m.exec(ctx, m.sql.reset()...); err != nil {
		return 0, fmt.Errorf("copy the table: %w", err)
	}
	p, db, err := m.plan(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	file, err := p.Encode()
	if err != nil {
		return 0, err
	}
	var o serve.Operation
	if err := m.ask(ctx, "POST", "/v1/environments/bench/operations", map[string]any{"action": "apply", "phase": plans.Expand, "plan": json.RawMessage(file)}, &o); err != nil {
		return 0, err
	}
	load := func(context.Context, <-chan struct{}) error { return nil }
	if under {
		if err := m.untilThere(ctx, p.ID, o.ID); err != nil {
			return 0, err
		}
		load = func(ctx context.Context, done <-chan struct{}) error { return m.send(ctx, done, p.ID, o.ID, all) }
	}
	if o, err = m.untilEnded(ctx, o.ID, load); err != nil {
		return 0, err
	}
	return o.Ended.Sub(o.Started), m.rollback(ctx, db, p)
}

// untilThere waits for a run's first record: until then questions about it are told to come again.
func (m *serveMeasure) untilThere(ctx context.Context, run, operation string) error {
	for {
		err := m.ask(ctx, "GET", "/v1/environments/bench/runs/"+run, nil, nil)
		if err == nil {
			return nil
		}
		var o serve.Operation
		if again := m.ask(ctx, "GET", "/v1/operations/"+operation, nil, &o); again != nil || !o.Ended.IsZero() {
			return errors.Join(err, again)
		}
		if err := pause.For(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// untilEnded looks at an operation four times a second until it has ended, beside a load that its end ends.
func (m *serveMeasure) untilEnded(ctx context.Context, id string, load func(context.Context, <-chan struct{}) error) (o serve.Operation, err error) {
	g, gctx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	g.Go(func() error { return load(gctx, done) })
	g.Go(func() error {
		defer close(done)
		for o.Ended.IsZero() {
			if err := pause.For(gctx, time.Second/4); err != nil {
				return err
			}
			if err := m.ask(gctx, "GET", "/v1/operations/"+id, nil, &o); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return o, err
	}
	if o.Status != serve.Succeeded {
		return o, fmt.Errorf("expand ended %s: %+v", o.Status, o.Problem)
	}
	return o, nil
}

// ask sends one request and reads the answer.
func (m *serveMeasure) ask(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+m.secret)
	resp, err := m.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
