package dialecttest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

func chunk(low, high string) backfill.Chunk { return backfill.Chunk{Low: low, High: high} }

const users = `CREATE TABLE users (id bigint PRIMARY KEY, full_name varchar(80), nick varchar(40), age int, email varchar(100))`

const rename = `
name: rename
replicas: none
operations: [{rename_column: {table: users, from: full_name, to: display_name}}]`

const notNull = `
name: not-null
replicas: none
operations: [{set_not_null: {table: users, column: nick, fill: "'nobody'"}}]`

const retype = `
name: retype
replicas: none
operations: [{change_type: {table: users, column: age, type: bigint}}]`

const split = `
name: split
replicas: none
operations:
  - split_column:
      table: users
      column: full_name
      into:
        first_name: "CASE WHEN position(' ' IN full_name) > 0 THEN substring(full_name FROM 1 FOR position(' ' IN full_name) - 1) ELSE full_name END"
        last_name: "CASE WHEN position(' ' IN full_name) > 0 THEN substring(full_name FROM position(' ' IN full_name) + 1) END"
      down: "CASE WHEN last_name IS NULL THEN first_name ELSE concat(first_name, ' ', last_name) END"`

// merge has the parts that seed gives, and takes them from what new code writes.
const merge = `
name: merge
replicas: none
operations:
  - merge_columns:
      table: users
      from:
        full_name: "CASE WHEN position('/' IN label) > 0 THEN substring(label FROM 1 FOR position('/' IN label) - 1) ELSE label END"
        nick: "CASE WHEN position('/' IN label) > 0 THEN substring(label FROM position('/' IN label) + 1) END"
      into: label
      type: varchar(130)
      up: "CASE WHEN nick IS NULL THEN full_name ELSE concat(full_name, '/', nick) END"`

// changes lists the examples that a dialect takes; a refused retype is looked at
// in Input.
func (h *harness) changes() map[string]string {
	out := map[string]string{"rename": rename, "split": split, "merge": merge, "not_null": notNull}
	if h.kind.IsPostgres() {
		out["retype"] = retype
	}
	return out
}

func (b *bench) seed() {
	b.exec(users,
		`INSERT INTO users VALUES (1, 'Ada Lovelace', 'ada', 36, 'a@x'), (2, 'Bob', NULL, NULL, 'b@x'), (3, NULL, '', -1, 'c@x'), (4, '', 'd', 2147483647, 'd@x'), (5, 'Émile  Zola ', 'é', 0, 'e@x')`,
		`CREATE INDEX users_full_name_idx ON users (full_name)`, `CREATE INDEX users_nick_age_idx ON users (nick, age)`, `CREATE UNIQUE INDEX users_email_key ON users (email)`)
}

// plans: same facts, same bytes; a round trip keeps the hash.
func (h *harness) plans(t *testing.T) {
	for name, c := range h.changes() {
		t.Run(name, func(t *testing.T) {
			b := h.bench(t)
			b.seed()
			p := b.plan(c)
			one, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			two, err := b.plan(c).Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one, two) {
				t.Fatal("two plans of the same change differ")
			}
			if back, err := plans.Decode(one); err != nil || back.Hash != p.Hash {
				t.Fatalf("decode: %v", err)
			}
			if _, err := plans.Decode(bytes.Replace(one, []byte("users"), []byte("user5"), 1)); !errors.Is(err, plans.ErrStale) {
				t.Fatalf("an edited plan: %v", err)
			}
			wellFormed(t, p)
		})
	}
}

func wellFormed(t *testing.T, p *plans.Plan) {
	t.Helper()
	for _, ph := range p.Phases {
		if ph.Code.Before == "" || ph.Code.After == "" {
			t.Errorf("phase %s doesn't say what the application must be doing", ph.Name)
		}
		for _, st := range ph.Steps {
			if st.Because == "" || st.Mode == "" || st.Lock.Level == "" {
				t.Errorf("step %s lacks a reason, a mode or a lock: %+v", st.ID, st)
			}
			if st.Reversible && len(st.SQL) > 0 && len(st.Undo) == 0 && st.Kind != plans.Backfill && st.Kind != plans.Verify {
				t.Errorf("step %s can't be undone", st.ID)
			}
		}
	}
}

// steps: every step of every phase is observed right before and after, may be
// done twice, and can be undone and done again; a table that went through
// expand and back is what it was.
func (h *harness) steps(t *testing.T) {
	for name, c := range h.changes() {
		t.Run(name, func(t *testing.T) {
			b := h.bench(t)
			b.seed()
			p := b.plan(c)
			before := b.table(p.Syncs[0].Table).Lines()
			data := b.rows("SELECT id, full_name, nick, age, email FROM users ORDER BY id")
			l := b.lease(p)
			b.thereAndBack(p, l, plans.Expand)
			if d := schema.Difference(before, b.table(p.Syncs[0].Table).Lines()); len(d) > 0 {
				t.Fatalf("after expand and back:\n%q", d)
			}
			b.want("SELECT id, full_name, nick, age, email FROM users ORDER BY id", data...)
			b.phase(p, l, plans.Expand)
			b.thereAndBack(p, l, plans.Switch)
			b.agree(p, l)
			b.phase(p, l, plans.Switch)
			b.thereAndBack(p, l, plans.Contract)
			b.agree(p, l)
			b.phase(p, l, plans.Contract)
			left, err := b.db.Server.Artifacts(t.Context())
			left = slices.DeleteFunc(left, func(a dialect.Artifact) bool { return a.Run != p.ID }) // the server is shared
			if err != nil || len(left) > 0 {
				t.Fatalf("left behind: %+v %v", left, err)
			}
		})
	}
}

func (b *bench) phase(p *plans.Plan, l state.Lease, name plans.PhaseName) {
	b.Helper()
	for _, st := range p.Phase(name).Steps {
		if st.Kind == plans.Backfill {
			if err := b.db.Store.ClearSegments(b.Context(), l, p.ID, st.ID); err != nil {
				b.Fatal(err)
			}
		}
		b.doOne(p, l, st)
	}
}

// thereAndBack does the reversible steps of a phase and undoes them.
func (b *bench) thereAndBack(p *plans.Plan, l state.Lease, name plans.PhaseName) {
	b.Helper()
	var done []plans.Step
	for _, st := range p.Phase(name).Steps {
		if !st.Reversible {
			break
		}
		plain := st.Kind != plans.Backfill && st.Kind != plans.Verify
		if plain {
			b.observe(p, st, dialect.NotStarted)
		}
		b.doOne(p, l, st)
		if plain {
			b.doOne(p, l, st) // an answer was lost: done once more
			done = append(done, st)
		}
	}
	for _, st := range slices.Backward(done) {
		for range 2 {
			if err := b.db.Steps.Undo(b.Context(), p, st, b.env(l)); err != nil {
				b.Fatalf("undo %s: %v", st.ID, err)
			}
			b.observe(p, st, dialect.NotStarted)
		}
	}
}

// triggers: who wins, in every combination.
func (h *harness) triggers(t *testing.T) {
	b := h.bench(t)
	b.seed()
	p := b.plan(rename)
	l := b.lease(p)
	b.do(p, l, plans.InstallSync)
	for i, c := range []struct{ sql, want string }{
		{"INSERT INTO users (id, full_name) VALUES (%d, 'bob')", "bob|bob"},
		{"INSERT INTO users (id, display_name) VALUES (%d, 'bob')", "bob|bob"},
		{"INSERT INTO users (id, full_name, display_name) VALUES (%d, 'A', 'B')", "B|B"},
		{"INSERT INTO users (id) VALUES (%d)", "NULL|NULL"},
		{"INSERT INTO users (id, full_name) SELECT %d, 'sel'", "sel|sel"},
		{"INSERT INTO users (id, display_name) SELECT %d, 'sel'", "sel|sel"},
	} {
		b.exec(fmt.Sprintf(c.sql, 100+i))
		b.want(fmt.Sprintf("SELECT full_name, display_name FROM users WHERE id = %d", 100+i), c.want)
	}
	for _, c := range []struct{ sql, want string }{
		{"UPDATE users SET full_name = 'Bob' WHERE id = 100", "Bob|Bob"},
		{"UPDATE users SET display_name = 'BOB' WHERE id = 100", "BOB|BOB"},
		{"UPDATE users SET full_name = 'BOB ' WHERE id = 100", "BOB |BOB "},
		{"UPDATE users SET display_name = 'böb' WHERE id = 100", "böb|böb"},
		{"UPDATE users SET full_name = 'x', display_name = 'y' WHERE id = 100", "y|y"},
		{"UPDATE users SET display_name = NULL WHERE id = 100", "NULL|NULL"},
		{"UPDATE users SET full_name = '' WHERE id = 100", "|"},
		{"UPDATE users SET full_name = NULL WHERE id = 100", "NULL|NULL"},
		{"UPDATE users SET nick = 'n' WHERE id = 100", "NULL|NULL"},
	} {
		b.exec(c.sql)
		b.want("SELECT full_name, display_name FROM users WHERE id = 100", c.want)
	}
	b.do(p, l, plans.Verify)
}

// keys: chunks partition the rows in the server's own order, whatever the key.
func (h *harness) keys(t *testing.T) {
	for name, k := range h.keyTables() {
		t.Run(name, func(t *testing.T) {
			b := h.bench(t)
			b.exec(k...)
			p := b.plan(rename)
			l := b.lease(p)
			b.do(p, l, plans.InstallSync)
			c := b.columns(p, l)
			st := p.Phase(plans.Expand).Steps
			i := slices.IndexFunc(st, func(s plans.Step) bool { return s.Kind == plans.Backfill })
			total := b.rows("SELECT count(*) FROM users")[0]
			walked := int64(0)
			seg := state.Segment{Run: p.ID, Step: st[i].ID, Pass: 1}
			if err := b.db.Store.PutSegment(t.Context(), l, seg); err != nil {
				t.Fatal(err)
			}
			for low := ""; ; {
				high, err := c.Boundary(t.Context(), low, "", 3)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Fill(t.Context(), chunk(low, high), seg)
				if err != nil {
					t.Fatal(err)
				}
				if high != "" && got.Written != 3 {
					t.Fatalf("chunk (%s, %s] wrote %d rows, want 3", low, high, got.Written)
				}
				walked += got.Written
				if high == "" {
					break
				}
				low = high
			}
			last, err := c.End(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if behind, err := c.Boundary(t.Context(), last, "", 1); err != nil || behind != "" {
				t.Fatalf("behind the last row %s there is %s, %v", last, behind, err)
			}
			if got, err := c.Boundary(t.Context(), "", last, int(walked)); err != nil || got != last {
				t.Fatalf("the last of %d rows is %s, not %s, %v", walked, got, last, err)
			}
			if fmt.Sprint(walked) != total {
				t.Fatalf("walked %d of %s rows", walked, total)
			}
			b.agree(p, l)
		})
	}
}

func (h *harness) keyTables() map[string][]string {
	fill := func(create string, keys ...string) []string {
		out := []string{create}
		for _, k := range keys {
			out = append(out, fmt.Sprintf("INSERT INTO users VALUES (%s, 'v')", k))
		}
		return out
	}
	const rest = ", full_name varchar(80)"
	out := map[string][]string{
		"negative":  fill("CREATE TABLE users (id int PRIMARY KEY"+rest+")", "-2147483648", "-5", "0", "7", "2147483647", "12", "13"),
		"composite": fill("CREATE TABLE users (a int, b varchar(20)"+rest+", PRIMARY KEY (a, b))", "1, 'x'", "1, 'y'", "1, ''", "2, 'x'", "2, 'it''s'", "3, 'ü'", "3, 'z'", "3, '\"'"),
		"decimal":   fill("CREATE TABLE users (id decimal(30,10) PRIMARY KEY"+rest+")", "-1.5", "0.0000000001", "1", "12345678901234567890.0123456789", "2", "3.25", "4"),
		"text":      fill("CREATE TABLE users (id varchar(60) PRIMARY KEY"+rest+")", "'a'", "'B'", "'c'", "'Z z'", "'ü'", "'e'", "'f'", "''", "'~'", "'10'", "'9'"),
		"time":      fill("CREATE TABLE users (id timestamp(6) NOT NULL PRIMARY KEY"+rest+")", "'2020-01-01 00:00:00'", "'2020-01-01 00:00:00.000001'", "'2021-06-30 23:59:59.999999'", "'1999-12-31 00:00:00'", "'2024-02-29 12:00:00'"),
		"unique":    fill("CREATE TABLE users (id int NOT NULL UNIQUE"+rest+")", "1", "5", "3", "4"),
	}
	if h.kind.IsPostgres() {
		out["uuid"] = fill("CREATE TABLE users (id uuid PRIMARY KEY"+rest+")", "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'6f9619ff-8b86-d011-b42d-00cf4fc964ff'", "gen_random_uuid()", "gen_random_uuid()")
		out["bytes"] = fill("CREATE TABLE users (id bytea PRIMARY KEY"+rest+")", `'\x00'`, `'\xff'`, `'\x'`, `'\x6162'`, `'\x5c'`)
		out["descending"] = append(fill("CREATE TABLE users (a int NOT NULL, b int NOT NULL"+rest+")", "1, 1", "1, 2", "2, 1", "2, 9", "3, 0", "3, 4", "5, 5"), "CREATE UNIQUE INDEX k ON users (a, b DESC)")
		out["accents"] = append([]string{"CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"}, fill("CREATE TABLE users (id varchar(60) COLLATE ci PRIMARY KEY"+rest+")", "'a'", "'B'", "'cc'", "'D'", "'e'", "'É2'", "'f'")...)
		return out
	}
	out["unsigned"] = fill("CREATE TABLE users (id bigint unsigned PRIMARY KEY"+rest+")", "0", "18446744073709551615", "18446744073709551614", "9223372036854775808", "1", "2", "3")
	out["bytes"] = fill("CREATE TABLE users (id varbinary(20) PRIMARY KEY"+rest+")", "x'00'", "x'ff'", "x''", "x'6162'", "x'5c'", "x'27'")
	out["descending"] = append(fill("CREATE TABLE users (a int NOT NULL, b int NOT NULL"+rest+")", "1, 1", "1, 2", "2, 1", "2, 9", "3, 0", "3, 4", "5, 5"), "CREATE UNIQUE INDEX k ON users (a, b DESC)")
	out["accents"] = fill("CREATE TABLE users (id varchar(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci PRIMARY KEY"+rest+")", "'a'", "'B'", "'cc'", "'D'", "'e'", "'É2'", "'f'")
	out["latin1"] = fill("CREATE TABLE users (id varchar(60) CHARACTER SET latin1 PRIMARY KEY"+rest+")", "'a'", "'B'", "'cc'", "'D'", "'é'", "'ü2'", "'f'")
	return out
}

// fill: rows and checkpoint commit together or not at all, under the lease only.
func (h *harness) fill(t *testing.T) {
	b := h.bench(t)
	b.seed()
	p := b.plan(rename)
	l := b.lease(p)
	b.do(p, l, plans.InstallSync)
	seg := state.Segment{Run: p.ID, Step: "fill", Pass: 1}
	if err := b.db.Store.PutSegment(t.Context(), l, seg); err != nil {
		t.Fatal(err)
	}
	stale := l
	stale.Token = "somebody else's"
	c := b.columns(p, stale)
	seg.Done = true
	if _, err := c.Fill(t.Context(), chunk("", ""), seg); !errors.Is(err, state.ErrFenced) {
		t.Fatalf("fill without the lease: %v", err)
	}
	b.want("SELECT count(display_name) FROM users", "0")
	segs, err := b.db.Store.Segments(t.Context(), p.ID, "fill")
	if err != nil || len(segs) != 1 || segs[0].Done {
		t.Fatalf("segment after a fill that was fenced off: %+v %v", segs, err)
	}
	if _, err := b.columns(p, l).Fill(t.Context(), chunk("", ""), seg); err != nil {
		t.Fatal(err)
	}
	b.want("SELECT count(display_name) FROM users", "4")
	if segs, err = b.db.Store.Segments(t.Context(), p.ID, "fill"); err != nil || !segs[0].Done {
		t.Fatalf("segment after a fill: %+v %v", segs, err)
	}
}

// compare: a difference in case only is a difference, whatever the collation.
func (h *harness) compare(t *testing.T) {
	b := h.bench(t)
	b.seed()
	p := b.plan(rename)
	l := b.lease(p)
	b.do(p, l, plans.AddColumns)
	b.exec("UPDATE users SET display_name = full_name", "UPDATE users SET display_name = 'bob' WHERE id = 2")
	got, err := b.columns(p, l).Compare(t.Context(), "", "", 5)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != 5 || got.Differ != 1 || len(got.Keys) != 1 {
		t.Fatalf("compared: %+v", got)
	}
	n, _, err := b.columns(p, l).Resync(t.Context(), false)
	if err != nil || n != 1 {
		t.Fatalf("resync: %d %v", n, err)
	}
	b.want("SELECT full_name, display_name FROM users WHERE id = 2", "Bob|Bob")
}
