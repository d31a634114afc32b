package bench

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/pause"
)

// clients send the requests, each its share of them.
const clients = 16

// requests is the account of what was sent.
type requests struct {
	mu    sync.Mutex
	times []float64 // ms
	errs  int
	first error // the first of them
}

func (r *requests) note(d time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times = append(r.times, float64(d.Microseconds())/1000)
	if err != nil {
		r.errs++
		if r.first == nil {
			r.first = err
		}
	}
}

func (r *requests) lap() lap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return lap{times: slices.Sorted(slices.Values(r.times)), errors: r.errs}
}

// send sends requests at the rate until done is closed and for the least time: what pollers, the page and a scrape ask for.
func (m *serveMeasure) send(ctx context.Context, done <-chan struct{}, run, operation string, all *requests) error {
	const env = "/v1/environments/bench/runs"
	paths := []string{"/v1/operations/" + operation, env + "/" + run, env + "/" + run + "/phases/expand?want=done", env, "/v1/operations", "/metrics"}
	begin, every := time.Now(), time.Second*clients/time.Duration(m.so.Rate)
	over := func() bool {
		select {
		case <-done:
			return time.Since(begin) >= m.so.Least
		default:
			return false
		}
	}
	var g errgroup.Group
	for c := range clients {
		g.Go(func() error {
			for n := 0; !over(); n++ {
				due := begin.Add(time.Duration(n)*every + time.Duration(c)*every/clients)
				if err := pause.For(ctx, time.Until(due)); err != nil {
					return err
				}
				err := m.ask(ctx, "GET", paths[(n*clients+c)%len(paths)], nil, nil)
				all.note(time.Since(due), err) // from when it was due: a stall counts for all that it kept waiting
			}
			return nil
		})
	}
	return g.Wait()
}
