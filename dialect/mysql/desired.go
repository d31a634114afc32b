package mysql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

const (
	// scratchPrefix begins the names of databases into which files are loaded for a moment.
	scratchPrefix = "phasemig_desired_"
	// dropWithin is how long taking one away may keep a call that was asked to end; the next call takes away what is left.
	dropWithin = 30 * time.Second
)

// desired loads a schema into a database of its own, which is dropped however it ends. One that a killed call has left is
// dropped by the next: its session has gone, and with it the lock of its name.
func (s *server) desired(ctx context.Context, statements []string) (out dialect.Desired, err error) {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	l := &loader{ctx: ctx, live: s, scratch: scratchPrefix + hex.EncodeToString(b)}
	t := s.target
	t.config = t.config.Clone()
	db, err := t.pool([]string{"SET SESSION foreign_key_checks = 0"}) // tables may stand in any order
	if err != nil {
		return out, err
	}
	db.SetMaxOpenConns(1)
	defer db.Close()
	if l.conn, err = db.Conn(ctx); err != nil {
		return out, classify(err)
	}
	defer discard(l.conn)
	if err := l.sweep(); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.drop(l.scratch)) }()
	if err := l.begin(); err != nil {
		return out, fmt.Errorf("make a database to load the file into: %w", err)
	}
	for i, q := range statements {
		if err := l.load(i, q); err != nil {
			return out, err
		}
	}
	return l.read()
}

// loader holds the scratch database.
type loader struct {
	ctx     context.Context
	live    *server
	conn    *sql.Conn
	scratch string
}

func (l *loader) exec(q string) error {
	_, err := l.conn.ExecContext(l.ctx, q)
	return classify(err)
}

func (l *loader) begin() error {
	list, err := records(l.ctx, l.conn, "SELECT default_character_set_name, default_collation_name, GET_LOCK(?, 0) AS held FROM information_schema.schemata WHERE schema_name = ?", l.scratch, l.live.config.DBName)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return &plans.InputError{What: "database " + l.live.config.DBName, Reason: "it isn't there, or there is no right to see it"}
	}
	r := list[0]
	if r["held"] != "1" { // without it another call would take the database away
		return fmt.Errorf("the lock of the name %s isn't given", l.scratch)
	}
	if err := l.exec("CREATE DATABASE " + quote(l.scratch) + " CHARACTER SET " + r["default_character_set_name"] + " COLLATE " + r["default_collation_name"]); err != nil {
		if errors.Is(err, dberr.Denied) {
			return dberr.WithHint(err, "%s", "GRANT ALL ON `phasemig\\_desired\\_%`.* TO …")
		}
		return err
	}
	return l.exec("USE " + quote(l.scratch))
}

// sweep drops what calls have left that were killed, and nothing that has a name of another kind.
func (l *loader) sweep() error {
	list, err := records(l.ctx, l.conn, "SELECT schema_name FROM information_schema.schemata WHERE schema_name REGEXP ? AND IS_FREE_LOCK(schema_name) = 1", "^"+scratchPrefix+"[0-9a-f]{16}$")
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := l.drop(r["schema_name"]); err != nil {
			return err
		}
	}
	return nil
}

// drop works also when the call was asked to end, but not for ever.
func (l *loader) drop(name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), dropWithin)
	defer cancel()
	q := "DROP DATABASE IF EXISTS " + quote(name)
	if _, err := l.conn.ExecContext(ctx, q); err == nil {
		return nil
	}
	_, err := l.live.db.ExecContext(ctx, q) // the connection went with the call
	if err != nil {
		return fmt.Errorf("drop %s, into which the file was loaded: %w", name, classify(err))
	}
	return nil
}

func (l *loader) load(i int, q string) error {
	c := readDefinition(q)
	if c.nothing {
		return nil
	}
	if c.wrong != "" {
		return &dialect.LoadError{Statement: i, Reason: c.wrong, Hint: c.hint}
	}
	_, err := l.conn.ExecContext(l.ctx, q)
	if err != nil && number(err) != 0 {
		return &dialect.LoadError{Statement: i, Reason: strings.ReplaceAll(err.Error(), l.scratch+".", "")}
	}
	return classify(err)
}

func (l *loader) read() (dialect.Desired, error) {
	var out dialect.Desired
	home := l.live.config.DBName
	want, err := l.tables(l.scratch)
	if err != nil {
		return out, err
	}
	live, err := l.tables(home)
	if err != nil {
		return out, err
	}
	for name, collation := range want {
		if c, ok := live[name]; ok && c != collation {
			return out, &plans.RefusedError{What: "table " + name, Reason: fmt.Sprintf("its collation is %s in the database, and %s in the file", c, collation), Hint: "phasemig plan --alter with CONVERT TO CHARACTER SET … COLLATE …"}
		}
	}
	for _, name := range sorted(want) {
		w, err := l.table(l.scratch, name)
		if err != nil {
			return out, err
		}
		if _, ok := live[name]; ok {
			t, err := l.table(home, name)
			if err != nil {
				return out, err
			}
			out.Live = append(out.Live, *t)
		}
		l.bring(w, home)
		out.Want = append(out.Want, *w)
	}
	for _, name := range sorted(live) {
		if _, ok := want[name]; !ok {
			out.Others = append(out.Others, name)
		}
	}
	return out, nil
}

func sorted(m map[string]string) []string {
	var out []string
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// tables are the tables of a database with their collations.
func (l *loader) tables(database string) (map[string]string, error) {
	list, err := records(l.ctx, l.conn, "SELECT table_name, table_collation FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE'", database)
	out := map[string]string{}
	for _, r := range list {
		out[r["table_name"]] = r["table_collation"]
	}
	return out, err
}

func (l *loader) table(database, name string) (*schema.Table, error) {
	c := catalog{ctx: l.ctx, q: l.conn, id: schema.Ident{Schema: database, Name: name}}
	t, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", c.id, err)
	}
	return t, nil
}

// bring gives a table of the scratch database its place in the target.
func (l *loader) bring(t *schema.Table, home string) {
	t.Schema = home
	for i := range t.Constraints {
		c := &t.Constraints[i]
		if c.Ref.Schema == l.scratch {
			c.Ref.Schema = home
			c.Definition = strings.ReplaceAll(c.Definition, quote(l.scratch)+".", quote(home)+".")
		}
	}
}
