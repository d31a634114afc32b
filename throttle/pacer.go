package throttle

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// sampleEvery is how often the probe is asked at most.
const sampleEvery = time.Second

// Pacer holds workers back. Its zero value holds nobody.
type Pacer struct {
	Probe   Probe          // nil: no signals
	Rate    func() float64 // rows a second at this moment; nil or 0: no limit
	Tell    func([]Signal) // told while signals hold the work
	Control func(ctx context.Context) error

	mu      sync.Mutex
	next    time.Time // when the next rows are due under the rate
	sampled time.Time
	hold    string
	signals []Signal
}

// Wait returns when n more rows may be written, and why it held if it did.
func (p *Pacer) Wait(ctx context.Context, n int64) (string, error) {
	held := ""
	for {
		why := p.sample(ctx)
		if why == "" {
			break
		}
		held = why
		if p.Tell != nil {
			p.Tell(p.lastSignals())
		}
		if err := p.sleep(ctx, sampleEvery); err != nil {
			return held, err
		}
	}
	return held, p.rate(ctx, n)
}

func (p *Pacer) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.Control != nil {
		return p.Control(ctx)
	}
	return nil
}

// rate waits until the rows already written are paid for.
func (p *Pacer) rate(ctx context.Context, n int64) error {
	if p.Rate == nil {
		return nil
	}
	limit := p.Rate()
	if limit <= 0 {
		return nil
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(n) / limit * float64(time.Second)))
	due := p.next
	p.mu.Unlock()
	for wait := time.Until(due); wait > 0; wait = time.Until(due) {
		if err := p.sleep(ctx, min(wait, sampleEvery)); err != nil {
			return err
		}
	}
	return nil
}

// sample asks the probe if the last answer is too old and returns why to hold.
func (p *Pacer) sample(ctx context.Context) string {
	if p.Probe == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.sampled) < sampleEvery {
		return p.hold
	}
	signals, err := p.Probe.Signals(ctx)
	p.sampled = time.Now()
	p.signals = signals
	p.hold = reason(signals, err)
	return p.hold
}

func (p *Pacer) lastSignals() []Signal {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signals
}

func reason(signals []Signal, err error) string {
	if err != nil {
		return "load can't be read: " + err.Error()
	}
	var over []string
	for _, s := range signals {
		if s.Over() {
			over = append(over, strings.TrimSpace(fmt.Sprintf("%s %s%.3g > %.3g %s", s.Name, of(s.Of), s.Value, s.Limit, s.Unit)))
		}
	}
	return strings.Join(over, "; ")
}

func of(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ") "
}
