package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// inParts makes a table's definition that of a partitioned one.
func inParts(key, by string, parts ...string) func(string) string {
	return func(create string) string {
		create = strings.Replace(create, "PRIMARY KEY (id)", "PRIMARY KEY ("+key+")", 1)
		return strings.Replace(create, "\n); ", "\n) PARTITION BY "+by+"; "+strings.Join(parts, "; ")+"; ", 1)
	}
}

func part(name, bounds string) string {
	return "CREATE TABLE " + name + " PARTITION OF items " + bounds
}

// noEmailKey is the usual table without a key that a partitioned one can't have.
var noEmailKey = []string{"CONSTRAINT items_pkey PRIMARY KEY (id)"}

// days are on both sides of the partitions' ends, so that rows move.
var days = drawn{"day": oneOf("'1000-01-01'", "'1999-12-31'", "'2000-01-01'", "'2020-02-29'", "'2020-12-31'", "'2021-01-01'", "'9999-12-31'")}

// cuts are the ways in which a table is partitioned, and one in which it is only written anew.
var cuts = []alteration{
	{name: "range, and the key grows", table: texts{"day": "date NOT NULL DEFAULT '2020-02-29'"}, indexes: noEmailKey, draw: days,
		operation: `partition_table: {table: items, by: range, columns: [day], primary_key: [id, day], partitions: [{name: items_old, from: MINVALUE, to: 2000-01-01}, {name: items_2000, from: 2000-01-01, to: 2021-01-01}, {name: items_new, from: [2021-01-01], to: [MAXVALUE]}]}`,
		after:     inParts("id, day", "RANGE (day)", part("items_old", "FOR VALUES FROM (MINVALUE) TO ('2000-01-01')"), part("items_2000", "FOR VALUES FROM ('2000-01-01') TO ('2021-01-01')"), part("items_new", "FOR VALUES FROM ('2021-01-01') TO (MAXVALUE)"))},
	{name: "list, with a default", table: texts{"state": `varchar(10) COLLATE "C" NOT NULL DEFAULT 'new'`}, indexes: []string{"CONSTRAINT items_pkey PRIMARY KEY (id, state)"}, draw: drawn{"state": oneOf("'new'", "'paid'", "'sent'", "'lost'")},
		tail:      "CREATE INDEX by_name ON items (name) WITH (fillfactor = 70); ALTER TABLE items REPLICA IDENTITY FULL",
		operation: `partition_table: {table: items, by: list, columns: [state], partitions: [{name: items_open, in: [new, paid]}, {name: "items sent", in: sent}, {name: items_rest, default: true}]}`,
		after: func(create string) string {
			create = inParts("", "LIST (state)", part("items_open", "FOR VALUES IN ('new', 'paid')"), part(`"items sent"`, "FOR VALUES IN ('sent')"), part("items_rest", "DEFAULT"))(create)
			return create + `; ALTER TABLE items_open REPLICA IDENTITY FULL; ALTER TABLE "items sent" REPLICA IDENTITY FULL; ALTER TABLE items_rest REPLICA IDENTITY FULL`
		}},
	{name: "hash", indexes: noEmailKey, operation: `partition_table: {table: items, by: hash, columns: [id], partitions: [{name: items_0}, {name: items_1}, {name: items_2}]}`,
		after: inParts("id", "HASH (id)", part("items_0", "FOR VALUES WITH (MODULUS 3, REMAINDER 0)"), part("items_1", "FOR VALUES WITH (MODULUS 3, REMAINDER 1)"), part("items_2", "FOR VALUES WITH (MODULUS 3, REMAINDER 2)"))},
	{name: "rewritten", operation: `rewrite_table: {table: items}`, after: func(create string) string { return create }},
}

// TestShadowPartition takes a table into partitions and back while rows move between them, and one to a fresh copy.
func TestShadowPartition(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		for n, a := range cuts {
			if !long() && (k == throwaway.Postgres15) != (n == 2) { // each is tried once
				continue
			}
			t.Run(a.name, func(t *testing.T) {
				l := load{rows: 400, writers: 4, rate: 100}
				if long() {
					l = load{rows: 1500, writers: 8, rate: 400}
				}
				a.onPostgres().run(t, k, l, 200*time.Millisecond)
			})
		}
	})
}

// byDay is a partitioning of events by range.
const byDay = "partition_table: {table: events, by: range, columns: [day], primary_key: [id, day], partitions: [{name: events_2025, from: 2025-01-01, to: 2026-01-01}, {name: events_2026, from: 2026-01-01, to: 2027-01-01}]}"

// newEvents is a table of 1,000 events, and the change planned for it.
func newEvents(t *testing.T, k throwaway.Kind, operation string, more ...string) *subject {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.Database(t, k)}
	s.db = dbtest.DB(t, s.dsn)
	s.home = newHome(t, s.dsn)
	s.exec(append([]string{"CREATE TABLE events (id bigint PRIMARY KEY, day date NOT NULL, note text)", "INSERT INTO events SELECT i, date '2025-01-01' + i % 700, 'note ' || i FROM generate_series(1, 1000) AS i"}, more...)...)
	s.home.write("change.yaml", "name: events\noperations:\n  - "+operation+"\n")
	return s
}

func (s *subject) plansEvents(exit int) called {
	s.t.Helper()
	c := s.home.must(exit, "plan", "--change", "change.yaml", "--replicas", "none", "--gates", "none", "-o", "plan.json")
	if exit == 0 {
		if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
			s.t.Fatal(err)
		}
	}
	return c
}

// TestShadowPartitionMissing: rows that belong to no partition are named before the tables change places, those that are there and
// those that come later; the way back is shut for rows of one key on two days.
func TestShadowPartitionMissing(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		s := newEvents(t, k, byDay, "INSERT INTO events VALUES (2001, '2024-12-31', 'before'), (2002, '2030-01-01', 'after')")
		s.plansEvents(0)
		s.apply(9, "expand").says(t, "id=2001", "id=2002", "no partition")
		s.exec("UPDATE events SET day = '2026-12-31' WHERE id > 2000")
		s.apply(0, "expand")
		s.exec("UPDATE events SET day = '2027-01-01' WHERE id IN (7, 8)")
		s.apply(9, "switch").says(t, "id=7", "id=8", "no partition")
		s.exec("UPDATE events SET day = '2025-01-01' WHERE id IN (7, 8)")
		s.apply(0, "switch")
		s.want("SELECT count(*), min(day)::text, max(day)::text FROM events", "1002,2025-01-01,2026-12-31")
		s.exec("INSERT INTO events VALUES (7, '2026-05-05', 'a second one')")
		s.home.must(4, "rollback", s.plan.ID).says(t, "id=7")
		s.exec("DELETE FROM events WHERE id = 7 AND day = '2026-05-05'")
		s.home.must(0, "rollback", s.plan.ID)
		s.want("SELECT count(*) FROM events", "1002")
	})
}

// TestShadowPartitionStops: a partition that is emptied, added or taken out ends the following, and the change can be finished all the same.
func TestShadowPartitionStops(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		for name, c := range map[string]struct{ statement, says, left string }{
			"emptied": {"TRUNCATE events_2025", "TRUNCATE", "335"}, "added": {"CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')", "partitions of", "1000"},
			"out and in again": {"ALTER TABLE events DETACH PARTITION events_2025; DELETE FROM events_2025; ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')", "partitions of", "335"},
		} {
			if !long() && name != "emptied" && k == throwaway.Postgres15 {
				continue
			}
			t.Run(name, func(t *testing.T) {
				s := newEvents(t, k, byDay)
				s.plansEvents(0)
				s.apply(0, "expand")
				s.apply(0, "switch")
				s.exec(strings.Split(c.statement, "; ")...)
				got := s.home.call("rollback", s.plan.ID)
				if got.exit == 0 {
					t.Fatal("the old table took its place again without what happened in the new one")
				}
				got.says(t, c.says)
				s.want("SELECT count(*) FROM events", c.left)
				s.apply(0, "contract")
				s.want("SELECT count(*) FROM events", c.left)
			})
		}
	})
}

// TestShadowPartitionRefused: what a partitioned table can't have is refused by its name, when planning.
func TestShadowPartitionRefused(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		if k == throwaway.Postgres15 && !long() {
			return
		}
		for name, c := range map[string]struct {
			operation, statement string
			says                 []string
		}{
			"primary key":      {"partition_table: {table: events, by: list, columns: [day], partitions: [{name: a, in: 2025-01-01}]}", "", []string{"events_pkey", "day", "primary_key"}},
			"new primary key":  {"partition_table: {table: events, by: list, columns: [day], primary_key: [id], partitions: [{name: a, in: 2025-01-01}]}", "", []string{"new primary key (id)", "day"}},
			"unique key":       {byDay, "CREATE UNIQUE INDEX one_note ON events (note)", []string{"one_note", "day"}},
			"cluster":          {byDay, "ALTER TABLE events CLUSTER ON events_pkey", []string{"CLUSTER ON events_pkey", "WITHOUT CLUSTER"}},
			"no inherit":       {byDay, "ALTER TABLE events ADD CONSTRAINT odd CHECK (id > 0) NO INHERIT", []string{"constraint odd", "NO INHERIT"}},
			"transition table": {byDay, "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'\nCREATE TRIGGER seen AFTER UPDATE ON events REFERENCING OLD TABLE AS o FOR EACH ROW EXECUTE FUNCTION f()", []string{"trigger seen", "transition"}},
			"publication":      {byDay, "CREATE PUBLICATION sends FOR TABLE events", []string{"publication sends", "publish_via_partition_root"}},
			"name taken":       {byDay, "CREATE VIEW events_2025 AS SELECT 1 AS one", []string{"events_2025", "there already"}},
			"replica identity": {byDay, "ALTER TABLE events REPLICA IDENTITY USING INDEX events_pkey", []string{`REPLICA IDENTITY USING INDEX "events_pkey"`}},
			"incoming key":     {byDay, "CREATE TABLE seen (event bigint CONSTRAINT of_event REFERENCES events)", []string{"of_event", "unique key over (id)"}},
			"no column":        {"partition_table: {table: events, by: hash, columns: [nothing], partitions: [{name: a}]}", "", []string{"no column nothing"}},
			"overlap":          {"partition_table: {table: events, by: range, columns: [id], partitions: [{name: a, from: 1, to: 9}, {name: b, from: 5, to: 20}]}", "", []string{"overlap"}},
			"strategy":         {"rewrite_table: {table: events}\nstrategy: native", "", []string{"no way of its own"}},
		} {
			t.Run(name, func(t *testing.T) {
				s := newEvents(t, k, c.operation)
				if c.statement != "" {
					s.exec(strings.Split(c.statement, "\n")...)
				}
				got := s.home.call("plan", "--change", "change.yaml", "--replicas", "none", "--gates", "none", "-o", "plan.json")
				if got.exit != 9 && got.exit != 1 && got.exit != 64 {
					t.Errorf("exit %d", got.exit)
				}
				got.says(t, c.says...)
			})
		}
	})
}

// TestShadowLooseKeys: a key that bytes can't tell apart is refused with the name of its column and of what is in the way.
func TestShadowLooseKeys(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		for _, c := range []struct{ typ, says string }{
			{`text COLLATE loose`, "its collation loose is not deterministic"}, {`text COLLATE "en-x-icu"`, "ordered by a language's rules in column id"}, {"double precision", "double precision, whose order"},
		} {
			s := newEvents(t, k, "rewrite_table: {table: named}", "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)", "CREATE TABLE named (id "+c.typ+" PRIMARY KEY)")
			s.plansEvents(9).says(t, c.says)
		}
	})
}
