package dialect_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
)

// silent is a network that takes a connection and never answers.
type silent struct{ driver.Connector }

func (silent) Connect(ctx context.Context) (driver.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestBoundedGivesASilentNetworkUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := dialect.Bounded(silent{}).Connect(t.Context())
		if took := time.Since(begin); took != dialect.ConnectTime || !errors.Is(err, dberr.Unreachable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v after %v", err, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := dialect.Bounded(silent{}).Connect(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a connection that nobody wants any more: %v", err)
		}
	})
}
