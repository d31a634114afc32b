package bench

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// text is the SQL that differs between servers.
type text struct {
	load  func(rows int) []string
	reset func() []string
}

func textFor(k throwaway.Kind) text {
	if strings.HasPrefix(string(k), "postgres") {
		return text{
			load: func(rows int) []string {
				return []string{fmt.Sprintf(`CREATE TABLE source AS SELECT g AS id, 'User Number ' || g AS full_name, 'user' || g || '@example.org' AS email,
					repeat('x', 60) AS note, now() AS created, g %% 1000 AS score FROM generate_series(1, %d) g`, rows)}
			},
			reset: func() []string {
				return []string{"DROP TABLE IF EXISTS users", "CREATE TABLE users (id bigint PRIMARY KEY, full_name text NOT NULL, email text, note text, created timestamptz, score int)",
					"INSERT INTO users SELECT * FROM source", "VACUUM ANALYZE users", "CHECKPOINT"}
			},
		}
	}
	return text{
		load: func(rows int) []string {
			digits := "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
			return []string{"CREATE TABLE source (id bigint PRIMARY KEY, full_name varchar(100) NOT NULL, email varchar(100), note varchar(100), created datetime, score int)",
				fmt.Sprintf(`INSERT INTO source SELECT n, CONCAT('User Number ', n), CONCAT('user', n, '@example.org'), REPEAT('x', 60), NOW(), n %% 1000 FROM (
					SELECT 1 + a.d + 10*b.d + 100*c.d + 1000*d.d + 10000*e.d + 100000*f.d + 1000000*g.d AS n
					FROM %[1]s a, %[1]s b, %[1]s c, %[1]s d, %[1]s e, %[1]s f, %[1]s g) x WHERE n <= %[2]d`, digits, rows)}
		},
		reset: func() []string {
			return []string{"DROP TABLE IF EXISTS users", "CREATE TABLE users LIKE source", "INSERT INTO users SELECT * FROM source", "ANALYZE TABLE users"}
		},
	}
}
