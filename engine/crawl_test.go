package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/throttle"
)

// pace feeds a minute of work and waiting, a second at a time.
func pace(c *crawl, begin time.Time, seconds int, work, held time.Duration, from throttle.Spent) (told []float64, at time.Time, spent throttle.Spent) {
	at, spent = begin, from
	for range seconds {
		at = at.Add(time.Second)
		spent.Work, spent.Held = spent.Work+work, spent.Held+held
		if times := c.see(at, spent, true); times > 0 {
			told = append(told, times)
		}
	}
	return told, at, spent
}

func TestCrawlIsToldOnce(t *testing.T) {
	var c crawl
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	told, at, spent := pace(&c, begin, 120, 500*time.Millisecond, 500*time.Millisecond, throttle.Spent{})
	if len(told) != 0 {
		t.Fatalf("half the pace is called crawling: %v", told)
	}
	told, at, spent = pace(&c, at, 120, 50*time.Millisecond, 950*time.Millisecond, spent)
	if len(told) != 1 || told[0] < 10 || told[0] > 20.5 {
		t.Fatalf("a twentieth of the pace for two minutes: %v", told)
	}
	if told, _, _ = pace(&c, at, 300, 50*time.Millisecond, 950*time.Millisecond, spent); len(told) != 1 {
		t.Fatalf("five minutes later: %v", told)
	}
}

func TestLongChunkIsNoCrawl(t *testing.T) {
	var c crawl
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 120 {
		if times := c.see(begin.Add(time.Duration(i)*time.Second), throttle.Spent{}, false); times != 0 {
			t.Fatalf("told after %d s", i)
		}
	}
}

func TestCrawlStandsStill(t *testing.T) {
	var c crawl
	told, _, _ := pace(&c, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 40, 0, 0, throttle.Spent{})
	if len(told) != 1 {
		t.Fatalf("told %v", told)
	}
	if s := crawling("expand.2.copy_rows", told[0], "held back: replica_lag 9 > 5 s"); !strings.Contains(s, "stands still") || !strings.Contains(s, "replica_lag 9 > 5 s") {
		t.Error(s)
	}
}
