package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dberr"
)

// A session that the server has ended, for whatever reason, is a lost connection: the same call goes on.
func TestEndedSessionsAreTemporary(t *testing.T) {
	for _, code := range []string{"57P01", "57P02", "57P05", "25P03", "25P04", "08006"} {
		if err := classify(&pgconn.PgError{Code: code}); !errors.Is(err, dberr.ConnLost) || !dberr.Temporary(err) {
			t.Errorf("%s: %v", code, err)
		}
	}
}
