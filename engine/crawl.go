package engine

import (
	"fmt"
	"time"

	"github.com/phasemig/phasemig/throttle"
)

// crawl notices work that its limits let go on next to never: who set them must hear that
// the end is far, and which limit it is, rather than find out by waiting.
type crawl struct {
	seen []sample
	told time.Time
}

type sample struct {
	at    time.Time
	spent throttle.Spent
}

const (
	crawlWindow = 30 * time.Second
	crawlTimes  = 10              // of the time that the work takes by itself
	crawlAgain  = 5 * time.Minute // between two words about it
)

// see returns how many times as long as by itself the work takes at the pace of the last half
// minute, when that is to be told; else 0. limited: a limit holds or slows it at this moment.
func (c *crawl) see(now time.Time, spent throttle.Spent, limited bool) float64 {
	c.seen = append(c.seen, sample{now, spent})
	for len(c.seen) > 1 && now.Sub(c.seen[1].at) >= crawlWindow {
		c.seen = c.seen[1:]
	}
	first := c.seen[0]
	if !limited || now.Sub(first.at) < crawlWindow || !c.told.IsZero() && now.Sub(c.told) < crawlAgain {
		return 0
	}
	work, held := spent.Work-first.spent.Work, spent.Held-first.spent.Held
	// A chunk counts when it is over: with none at all the least that can be said is the window.
	times := float64(work+held) / float64(max(work, time.Millisecond))
	if work+held == 0 {
		times = float64(crawlWindow) / float64(time.Millisecond)
	}
	if times <= crawlTimes {
		return 0
	}
	c.told = now
	return times
}

func crawling(step string, times float64, why string) string {
	if times > 1000 {
		return fmt.Sprintf("%s stands still under its limits (%s): raise the limit (phasemig throttle), or let it run when there is less traffic", step, why)
	}
	return fmt.Sprintf("%s takes about %.0f times as long as by itself under its limits (%s): raise the limit (phasemig throttle), or let it run when there is less traffic", step, times, why)
}
