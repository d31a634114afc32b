package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/phasemig/phasemig/internal/pause"
)

func TestForEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		begin := time.Now()
		if err := pause.For(ctx, time.Hour); !errors.Is(err, why) || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if err := pause.For(t.Context(), time.Minute); err != nil || time.Since(begin) != time.Minute+time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for try, most := range map[int]time.Duration{0: 20 * time.Millisecond, 3: 160 * time.Millisecond, 8: 5 * time.Second, 1000: 5 * time.Second} {
			begin := time.Now()
			if err := pause.Backoff(t.Context(), try); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took < most/2 || took > most {
				t.Errorf("try %d: %v, not within half of %v", try, took, most)
			}
		}
	})
}
