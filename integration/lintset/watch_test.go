package lintset

import (
	"context"
	"sync"
	"time"
)

// watcher sends statements by key, one after the other, while a migration runs, and notes how long each one took. Errors don't
// matter to it: after a rename there are many.
type watcher struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	spans   []span
}

type span struct {
	from, to time.Time
	sql      string
}

// pace between two statements leaves the processor to the server.
const pace = 2 * time.Millisecond

// watch begins when each session has sent its statements once. A session is only closed by its owner.
func watch(ctx context.Context, sessions map[session][]string) *watcher {
	asking, cancel := context.WithCancel(ctx)
	w := &watcher{cancel: cancel}
	for s, statements := range sessions {
		for _, sql := range statements {
			_, _ = s.exec(ctx, sql)
		}
		w.running.Go(func() { w.ask(ctx, asking, s, statements) })
	}
	return w
}

// ask ends between two statements, so that the last one is measured in full.
func (w *watcher) ask(ctx, asking context.Context, s session, statements []string) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		for _, sql := range statements {
			from := time.Now()
			_, _ = s.exec(ctx, sql)
			w.note(span{from, time.Now(), sql})
		}
		select {
		case <-asking.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w *watcher) note(s span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, s)
}

func (w *watcher) stop() {
	w.cancel()
	w.running.Wait()
}

// wait is how long a migration took and the longest time a statement of a watcher waited meanwhile.
type wait struct {
	took, longest time.Duration
	sql           string
}

func (w *watcher) between(from, to time.Time) wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := wait{took: to.Sub(from)}
	for _, s := range w.spans {
		begin, end := s.from, s.to
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		if d := end.Sub(begin); d > out.longest {
			out.longest, out.sql = d, s.sql
		}
	}
	return out
}

// answer of a comparison: unsure means that larger tables are to be asked.
type answer int

const (
	free answer = iota
	grows
	unsure
)

// compare the same statement on a small and a large table. A blocked statement waits about as long as the migration runs, and longer
// on the large table; one that isn't goes through in a small part of that time; and what takes as long on ten times the rows
// holds nobody up for a time that grows. Where a table or an index was built it is known that the work grows, and the
// clock needs to show less of it. The limits leave room for a busy machine: a pause of the processor is no lock.
func compare(small, large wait, built bool) answer {
	long := large.longest >= 120*time.Millisecond
	most := large.longest >= large.took/2
	grown := large.longest >= small.longest*5/2 || built && large.longest >= small.longest*3/2
	switch {
	case long && most && grown:
		return grows
	case large.longest < 25*time.Millisecond, large.longest < large.took/4, large.took < small.took*3/2:
		return free
	}
	return unsure
}
