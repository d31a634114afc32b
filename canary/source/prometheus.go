package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/phasemig/phasemig/canary"
	"github.com/phasemig/phasemig/internal/dberr"
)

// Prometheus is a server that speaks Prometheus's HTTP API.
type Prometheus struct {
	URL     string        // as far as, and without, /api/v1
	Token   string        // sent as a bearer token; empty: none
	Timeout time.Duration // of one query; 10 s
}

// mostAnswer bounds an answer: 11,000 points take less than a megabyte.
const mostAnswer = 16 << 20

// Read asks for both sides of every metric. Metrics of the kind never come first, and if the canary
// has such an event nothing else is asked: it is enough for a verdict, and what else can't be read
// mustn't hold it up.
func (p Prometheus) Read(ctx context.Context, c canary.Config, w Window, l Labels) (canary.Data, error) {
	d := canary.Data{Baseline: newPopulation(), Canary: newPopulation()}
	w, err := w.aligned()
	if err := errors.Join(err, l.check(), checkQueries(c)); err != nil {
		return d, err
	}
	a := &asker{Prometheus: p, window: w, client: &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}}
	defer a.client.CloseIdleConnections()
	for _, never := range []bool{true, false} {
		for _, m := range c.Metrics {
			if (m.Kind == canary.Never) != never {
				continue
			}
			if err := a.both(ctx, m, l, d); err != nil {
				return d, err
			}
			if never && m.Weight > 0 && positive(d.Canary.Metrics[m.Name].Events) {
				return d, nil
			}
		}
	}
	return d, nil
}

// both reads a metric of both sides, the canary's first.
func (a *asker) both(ctx context.Context, m canary.Metric, l Labels, d canary.Data) error {
	var err error
	if d.Canary.Metrics[m.Name], err = a.sample(ctx, m, l.Canary); err != nil {
		return fmt.Errorf("%s of the canary: %w", m.Name, err)
	}
	if d.Baseline.Metrics[m.Name], err = a.sample(ctx, m, l.Baseline); err != nil {
		return fmt.Errorf("%s of the baseline: %w", m.Name, err)
	}
	return nil
}

func newPopulation() canary.Population {
	return canary.Population{Metrics: map[string]canary.Sample{}}
}

func positive(list []float64) bool {
	for _, v := range list {
		if v > 0 {
			return true
		}
	}
	return false
}

// asker asks one server about one window.
type asker struct {
	Prometheus
	window Window
	client *http.Client
}

// sample asks for a metric of one side, and for its totals if it has them.
func (a *asker) sample(ctx context.Context, m canary.Metric, labels string) (canary.Sample, error) {
	main, err := a.matrix(ctx, fill(m.Query, labels, a.window.Step))
	if err != nil || m.TotalQuery == "" {
		return main.sample(m.Kind, nil), err
	}
	total, err := a.matrix(ctx, fill(m.TotalQuery, labels, a.window.Step))
	return main.sample(m.Kind, &total), err
}

// matrix sends one range query.
func (a *asker) matrix(ctx context.Context, query string) (matrix, error) {
	timeout := cmp.Or(a.Timeout, 10*time.Second)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := a.request(ctx, query, timeout)
	if err != nil {
		return matrix{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return matrix{}, a.silent(ctx, err, timeout)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err != nil {
		return matrix{}, a.silent(ctx, err, timeout)
	}
	if len(body) > mostAnswer {
		return matrix{}, fmt.Errorf("the answer to %s is longer than %d MB", query, mostAnswer>>20)
	}
	m, err := answer(resp.StatusCode, body)
	if err != nil {
		return m, fmt.Errorf("query %s: %w", query, err)
	}
	return m, nil
}

// request is a GET: proxies that let only readers through refuse a POST.
func (a *asker) request(ctx context.Context, query string, timeout time.Duration) (*http.Request, error) {
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address of Prometheus is no URL")
	}
	u = u.JoinPath("api", "v1", "query_range")
	q := u.Query()
	q.Set("query", query)
	q.Set("start", seconds(a.window.Start.UnixMilli()))
	q.Set("end", seconds(a.window.End.UnixMilli()))
	q.Set("step", seconds(a.window.Step.Milliseconds()))
	q.Set("timeout", duration(timeout))
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if a.Token != "" {
		req.Header.Set("Authorization", "Bearer "+a.Token)
	}
	return req, nil
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) }

// silent says that no answer came; the URL in the error of the HTTP client is left out, the
// query alone makes it unreadable.
func (a *asker) silent(ctx context.Context, err error, timeout time.Duration) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("no answer within %s", timeout)
	}
	return dberr.WithHint(dberr.Mark(dberr.Unreachable, fmt.Errorf("ask Prometheus: %w", err)), "check the address and that this machine may reach it; safe to call again")
}
