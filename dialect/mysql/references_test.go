package mysql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/schema"
)

// A text that the server has cut ends without a sign. It must be taken for one that may be cut, whatever
// its tokens are; and an ordinary statement must not.
func TestMayBeCut(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			dsn := dbtest.DatabaseOn(t, dbtest.Start(t, k, throwaway.Options{})) // the table of digests of one that all share may be full
			dbtest.Exec(t, dsn, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(20), "+strings.Repeat("n", 64)+" int)")
			var shapes []string
			for _, item := range []string{"id AS c%d", "%d + id", "users.id + " + strings.Repeat("n", 64) + " AS d%d", "(((%d)))", "@v%d"} {
				var list []string
				for i := range 400 {
					list = append(list, fmt.Sprintf(item, i))
				}
				shapes = append(shapes, "SELECT "+strings.Join(list, ", ")+", full_name FROM users")
			}
			dbtest.Exec(t, dsn, shapes...)
			dbtest.Exec(t, dsn, "SELECT id, full_name FROM users WHERE id IN (1, 2, 3) AND full_name LIKE 'a%' ORDER BY id")
			cut := 0
			for _, r := range dbtest.Query(t, dsn, "SELECT DIGEST_TEXT FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = DATABASE() AND DIGEST_TEXT LIKE 'SELECT%'") {
				text, complete := r[0], strings.Contains(r[0], "FROM")
				if strings.Contains(text, "performance_schema") {
					continue
				}
				if may := mayBeCut(text, 1024); may == complete && (!complete || len(text) < 300) {
					t.Errorf("complete %t, may be cut %t: %d bytes, %.80s … %s", complete, may, len(text), text, text[max(0, len(text)-30):])
				}
				if !complete {
					cut++
				}
			}
			if cut < 3 {
				t.Errorf("only %d texts were cut: the test proves nothing", cut)
			}
		})
	}
}

// TestUseOfLooksAtNames: only a name of ours takes a statement out of the count, not a name that has ours in its middle.
func TestUseOfLooksAtNames(t *testing.T) {
	cols := []gate.Column{{Table: schema.Ident{Schema: "shop", Name: "users"}, Name: "full_name"}}
	for text, want := range map[string]gate.Use{
		"SELECT `full_name` , `avg_pm_count` FROM `users`":                    gate.Names,
		"SELECT `full_name` FROM `users` JOIN `daily_pm_report` USING (`id`)": gate.Names,
		"SELECT `_pm_key` , `full_name` FROM `users`":                         gate.None,
		"SELECT `email` FROM `users`":                                         gate.None,
	} {
		if got := useOf(text, "shop", cols, false); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
