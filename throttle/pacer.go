package throttle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dberr"
)

// Pacer holds workers back. Its zero value holds nobody. With sources, Run must be
// running beside the workers.
type Pacer struct {
	Sources []Source
	Rate    func() float64 // rows a second at this moment; nil or 0: no limit
	// Control is asked while a worker waits; its error ends the wait.
	Control func(ctx context.Context) error

	mu      sync.Mutex
	answers map[int]*answer // by source
	changed chan struct{}   // closed at each answer
	next    time.Time       // when the next rows are due under the rate
	spent   Spent
}

// Spent is what the workers' time went into.
type Spent struct {
	Work time.Duration // chunks
	Held time.Duration // waits in which a signal held or slowed the work
}

// Spent adds up since the beginning.
func (p *Pacer) Spent() Spent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent
}

func (p *Pacer) spend(work, wait time.Duration, held string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent.Work += work
	if held != "" {
		p.spent.Held += wait
	}
}

// answer is the last one of a source.
type answer struct {
	at       time.Time
	signals  []Signal
	err      error
	brake    brake
	critical int // answers in a row that would stop the run
}

// criticalAnswers in a row stop the run: a single one may be a spike that the work has
// nothing to do with.
const criticalAnswers = 2

// lookAgain is the longest that a waiting worker goes without asking Control.
const lookAgain = 500 * time.Millisecond

// Run asks the sources until ctx ends.
func (p *Pacer) Run(ctx context.Context) {
	var g errgroup.Group
	for i := range p.Sources {
		g.Go(func() error {
			p.follow(ctx, i)
			return nil
		})
	}
	_ = g.Wait() // none of them fails
}

func (p *Pacer) follow(ctx context.Context, i int) {
	s := p.Sources[i]
	for ctx.Err() == nil {
		signals, err := ask(ctx, s)
		if ctx.Err() != nil {
			return
		}
		p.take(i, signals, err)
		_ = sleep(ctx, s.every(), nil) // ctx ends the loop
	}
}

func ask(ctx context.Context, s Source) ([]Signal, error) {
	asked, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	signals, err := s.Ask(asked)
	if err != nil && errors.Is(asked.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", s.timeout())
	}
	return signals, err
}

// take stores an answer and wakes who waits.
func (p *Pacer) take(i int, signals []Signal, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answers == nil {
		p.answers = map[int]*answer{}
	}
	a := p.answers[i]
	if a == nil {
		a = &answer{}
		p.answers[i] = a
	}
	a.at, a.signals, a.err = time.Now(), signals, err
	a.judge()
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (a *answer) judge() {
	critical, ratio, slows := false, 0.0, false
	var tail *Tail
	for _, s := range a.signals {
		critical = critical || s.Act == Stop && s.Over()
		if s.Act == Slow && s.Limit > 0 {
			slows, ratio, tail = true, max(ratio, s.Value/s.Limit), s.Tail
		}
	}
	if !critical {
		a.critical = 0
	} else {
		a.critical++
	}
	switch {
	case tail != nil:
		a.brake.pay(*tail)
	case slows:
		a.brake.see(ratio)
	case a.err == nil: // the limit was taken away
		a.brake = brake{}
	}
}

// State is what the signals say at one moment.
type State struct {
	Hold    string   // why nothing may be written; "": it may
	Stop    string   // why the run must end
	Share   float64  // of the time that may be worked, 0 < share ≤ 1
	Slow    string   // why it is less than 1
	Signals []Signal // as answered last
	asked   bool     // every source has answered
	longest time.Duration
}

// Reason says what holds the work back or slows it; "": nothing.
func (s State) Reason() string {
	if s.Hold != "" {
		return "held back: " + s.Hold
	}
	return s.Slow
}

// State tells what the signals say now.
func (p *Pacer) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state(time.Now())
}

func (p *Pacer) state(now time.Time) State {
	st := State{Share: 1, asked: true}
	var hold, stop, slow []string
	for i, s := range p.Sources {
		a := p.answers[i]
		if a == nil {
			st.asked = false
			hold = append(hold, s.Name+" has not answered yet")
			continue
		}
		st.Signals = append(st.Signals, a.signals...)
		st.longest = a.longest(st.longest)
		hold = append(hold, a.holds(s, now)...)
		stop = append(stop, a.stops()...)
		if share := a.brake.share; share > 0 && share < 1 {
			slow = append(slow, a.slows()...)
			st.Share = min(st.Share, share)
		}
	}
	st.Hold, st.Stop = strings.Join(hold, "; "), strings.Join(stop, "; ")
	if len(slow) > 0 {
		st.Slow = fmt.Sprintf("slowed to %.0f %%: %s", max(100*st.Share, 1), strings.Join(slow, "; "))
	}
	return st
}

// longest is how long a chunk may take, if others bound it already; 0: as long as it likes.
func (a *answer) longest(others time.Duration) time.Duration {
	for _, g := range a.signals {
		if g.Longest > 0 && (others == 0 || g.Longest < others) {
			others = g.Longest
		}
	}
	return others
}

func (a *answer) holds(s Source, now time.Time) []string {
	if a.err != nil {
		return []string{fmt.Sprintf("%s can't be read: %v", s.Name, a.err)}
	}
	if age := now.Sub(a.at); age > s.patience() {
		return []string{fmt.Sprintf("%s has not answered for %s", s.Name, age.Round(time.Second))}
	}
	var out []string
	for _, g := range a.signals {
		switch {
		case !g.Over():
		case g.Act == Hold, g.Act == Stop:
			out = append(out, g.String())
		case a.brake.held:
			out = append(out, g.String()+", also while next to nothing is written")
		}
	}
	return out
}

func (a *answer) stops() []string {
	var out []string
	for _, g := range a.signals {
		if g.Act == Stop && g.Over() && a.critical >= criticalAnswers {
			out = append(out, g.String())
		}
	}
	return out
}

func (a *answer) slows() []string {
	var out []string
	for _, g := range a.signals {
		if g.Act == Slow {
			out = append(out, g.String())
		}
	}
	return out
}

// Part is what part of a chunk that is meant to take so long should be done at once at this moment, 0 < part ≤ 1:
// what waits for it waits less. It is the share of the time that may be worked, and less where
// a signal bounds how long a chunk takes.
func (p *Pacer) Part(chunk time.Duration) float64 {
	st := p.State()
	if st.longest == 0 || chunk <= 0 {
		return st.Share
	}
	return min(st.Share, float64(st.longest)/float64(chunk))
}

// Wait returns when more rows may be written after a chunk of n rows that took so
// long, and why it held or slowed the work if it did. Errors: dberr.Overloaded,
// Control's, the context's.
func (p *Pacer) Wait(ctx context.Context, n int64, took time.Duration) (held string, err error) {
	begin, due := time.Now(), p.pay(n)
	defer func() { p.spend(took, time.Since(begin), held) }()
	for {
		st, changed := p.look()
		if st.Stop != "" {
			return held, dberr.Mark(dberr.Overloaded, fmt.Errorf("the server is over its critical load: %s", st.Stop))
		}
		rest := max(time.Until(due), pause(took, st.Share)-time.Since(begin))
		switch {
		case st.Hold != "":
			rest = lookAgain
			if st.asked || time.Since(begin) > lookAgain {
				held = st.Reason()
			}
		case rest <= 0:
			return held, nil
		case held == "" && time.Until(due) <= 0:
			held = st.Reason()
		}
		if err := sleep(ctx, min(rest, lookAgain), changed); err != nil {
			return held, err
		}
		if p.Control != nil {
			if err := p.Control(ctx); err != nil {
				return held, err
			}
		}
	}
}

// look is State with what tells that it changed.
func (p *Pacer) look() (State, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.state(time.Now()), p.changed
}

// pause is how long to rest after working for took, to work a share of the time.
func pause(took time.Duration, share float64) time.Duration {
	return time.Duration(float64(took) * (1 - share) / share)
}

// pay tells when the rows already written are paid for under the rate.
func (p *Pacer) pay(n int64) time.Time {
	if p.Rate == nil {
		return time.Time{}
	}
	limit := p.Rate()
	if limit <= 0 {
		return time.Time{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(n) / limit * float64(time.Second)))
	return p.next
}

// sleep ends early when wake is closed.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
