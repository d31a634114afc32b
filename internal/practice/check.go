package practice

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/drill"
)

// Check tries whether code of the application works: a command, or statements that stand for what it sends. Both empty: there
// is none.
type Check struct {
	Command string // run by sh -c; exit 0: it works
	File    string // name of SQL, for messages
	SQL     string
}

// Words name the check.
func (c Check) Words() string {
	if c.SQL != "" {
		return c.File
	}
	return c.Command
}

// patience bounds one check.
const patience = 5 * time.Minute

// try runs a check in a state. Statements run in a transaction that is taken back; a command finds the database in
// PHASEMIG_DRILL_DSN and the state in PHASEMIG_DRILL_STATE, and nothing of the live one.
func (c Check) try(ctx context.Context, t tongue, dsn, code string, need drill.Need, s drill.State) drill.Checked {
	begin := time.Now()
	out := drill.Checked{Code: code, Need: need}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	if c.SQL != "" {
		err = c.statements(bounded, t, dsn)
	} else {
		err = c.command(bounded, dsn, code, s)
	}
	out.Elapsed = time.Since(begin)
	if out.Works = err == nil; err != nil {
		out.Said = err.Error()
	}
	return out
}

func (c Check) statements(ctx context.Context, t tongue, dsn string) error {
	return on(ctx, dsn, func(ctx context.Context, conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer tx.Rollback()
		for _, s := range t.split(c.SQL) {
			if err := c.statement(ctx, tx, s); err != nil {
				return fmt.Errorf("%s: %q: %w", c.File, cut(oneLine(s), 160), err)
			}
		}
		return nil
	})
}

// statement reads what comes back: some errors of a query come with its rows.
func (c Check) statement(ctx context.Context, tx *sql.Tx, s string) error {
	rows, err := tx.QueryContext(ctx, s)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		continue
	}
	return rows.Err()
}

func (c Check) command(ctx context.Context, dsn, code string, s drill.State) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", c.Command)
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "PHASEMIG_PASSWORD=") || strings.HasPrefix(v, "PHASEMIG_DSN=")
	}), "PHASEMIG_DRILL_DSN="+dsn, "PHASEMIG_DRILL_STATE="+string(s), "PHASEMIG_DRILL_CODE="+code)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(said.String())
		return fmt.Errorf("%s: %w: %s", c.Command, err, cut(text[strings.LastIndexByte(text, '\n')+1:], 400))
	}
	return nil
}
