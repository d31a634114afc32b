package practice

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
)

// build runs the statements that make the schema, on one session.
func build(ctx context.Context, dsn string, t tongue, statements []string, roles bool) error {
	return on(ctx, dsn, func(ctx context.Context, c *sql.Conn) error {
		for _, s := range statements {
			if err := run(ctx, c, t, s, roles); err != nil {
				return fmt.Errorf("make the schema: %q: %w", cut(oneLine(s), 120), err)
			}
		}
		return nil
	})
}

var (
	noRole    = regexp.MustCompile(`role "([^"]+)" does not exist`)
	noSetting = regexp.MustCompile(`unrecognized configuration parameter`)
)

// run makes up for what a server of our own can't have: roles of the live one are made without a login, and settings of a newer
// pg_dump are passed over.
func run(ctx context.Context, c *sql.Conn, t tongue, s string, roles bool) error {
	for {
		_, err := c.ExecContext(ctx, s)
		if err == nil || !t.postgres {
			return err
		}
		if noSetting.MatchString(err.Error()) && strings.HasPrefix(s, "SET ") {
			return nil
		}
		m := noRole.FindStringSubmatch(err.Error())
		if m == nil || !roles {
			return err
		}
		if _, err := c.ExecContext(ctx, "CREATE ROLE "+t.quote(m[1])+" NOLOGIN"); err != nil {
			return fmt.Errorf("make the role %s: %w", m[1], err)
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
