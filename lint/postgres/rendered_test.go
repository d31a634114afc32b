package postgres

import (
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// TestPlainly: what is written by hand is what the deparser writes.
func TestPlainly(t *testing.T) {
	written := 0
	for _, text := range []string{"0", "-1", "42", "true", "false", "''", "'a b'", "'it''s'", `'a\b'`, "now()", "gen_random_uuid()", "random()", "clock_timestamp()", "lower('A')", "count(*)", "NULL", "1.5", "current_timestamp", "'{}'::jsonb"} {
		n := parsedExpression(text)
		got, ok := plainly(n)
		if !ok {
			continue
		}
		written++
		want, err := pg.Deparse(selected(n))
		if err != nil || "SELECT "+got != want {
			t.Errorf("%s: %q, want %q, %v", text, got, want, err)
		}
	}
	if written < 10 {
		t.Errorf("only %d", written)
	}
}
