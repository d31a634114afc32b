package mysql

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// A COMMIT whose answer a silent network swallows ends with its context.
func TestTransactionsHeedTheirContext(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		p := dbtest.NewProxy(t, dbtest.Server(t, h.kind).Addr())
		target, err := parseDSN(p.DSN(h.dsn))
		if err != nil {
			t.Fatal(err)
		}
		db, err := target.pool(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		h.exec("CREATE TABLE t (id INT PRIMARY KEY)")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		p.PauseAnswers()
		ended := make(chan error, 1)
		go func() { ended <- tx.Commit() }()
		select {
		case err := <-ended:
			t.Fatalf("the network isn't silent: %v", err)
		case <-time.After(200 * time.Millisecond):
		}
		cancel()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("COMMIT ended by its context: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("COMMIT waits although its context has ended")
		}
		p.Resume()
	})
}
