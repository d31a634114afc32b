package practice

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// structure reads the statements that make the schema of a live database, without its rows. Nothing is written there.
func structure(ctx context.Context, p *plans.Plan, from string) (string, error) {
	if p.Dialect == "postgres" {
		return dump(ctx, kindOf(p), from)
	}
	var out []string
	err := on(ctx, from, func(ctx context.Context, c *sql.Conn) (err error) {
		out, err = shown(ctx, c, databaseOf(p))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the schema of --from: %w", err)
	}
	return strings.Join(out, "\n"), nil
}

// dump is what pg_dump says. The password doesn't go to its command line.
func dump(ctx context.Context, k throwaway.Kind, from string) (string, error) {
	tool, err := throwaway.Tool(ctx, k, "pg_dump")
	if err != nil {
		return "", dberr.WithHint(err, "install the client programs of PostgreSQL, or give the schema by --schema FILE.sql")
	}
	u, err := url.Parse(from)
	if err != nil {
		return "", fmt.Errorf("parse the URL of --from: %w", err)
	}
	env := os.Environ()
	if password, ok := u.User.Password(); ok {
		env = append(env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	cmd := exec.CommandContext(ctx, tool, "--schema-only", "--no-publications", "--no-subscriptions", "--exclude-schema=phasemig", "--dbname="+u.String())
	var out, said bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("read the schema of --from with pg_dump: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}

// definer is an account that a throwaway server doesn't have; without it the object is its maker's.
var definer = regexp.MustCompile("DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*` ?")

// shown is the server's own SHOW CREATE of all that a database holds. Bodies with semicolons are kept whole by a delimiter.
func shown(ctx context.Context, c *sql.Conn, database string) ([]string, error) {
	out := []string{"SET foreign_key_checks = 0;", "DELIMITER //"}
	for _, kind := range []struct {
		word, list string
		column     int // of the answer of SHOW CREATE
	}{
		{"TABLE", "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE' ORDER BY 1", 1},
		{"FUNCTION", "SELECT routine_name FROM information_schema.routines WHERE routine_schema = ? AND routine_type = 'FUNCTION' ORDER BY 1", 2},
		{"PROCEDURE", "SELECT routine_name FROM information_schema.routines WHERE routine_schema = ? AND routine_type = 'PROCEDURE' ORDER BY 1", 2},
		{"VIEW", "SELECT table_name FROM information_schema.views WHERE table_schema = ? ORDER BY 1", 1},
		{"TRIGGER", "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY event_object_table, event_manipulation, action_timing, action_order", 2},
	} {
		names, err := lines(ctx, c, kind.list, database)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			t := tongue{}
			text, err := lines(ctx, c, "SHOW CREATE "+kind.word+" "+t.quote(database)+"."+t.quote(n[0]))
			if err != nil || len(text) == 0 {
				return nil, fmt.Errorf("read %s %s: %w", kind.word, n[0], err)
			}
			if text[0][kind.column] == "" {
				return nil, fmt.Errorf("the user of --from may not read the definition of %s %s", kind.word, n[0])
			}
			out = append(out, definer.ReplaceAllString(text[0][kind.column], "")+"//")
		}
	}
	return append(out, "DELIMITER ;", "SET foreign_key_checks = 1;"), nil
}
