package lintset

import (
	"context"
	"fmt"
	"slices"
)

// product is what the proof has to know about a server.
type product interface {
	// sizes are the rows of the small and the large table; timed is true where only a clock tells.
	sizes(timed bool) (small, large int)
	// empty gives sessions on a new, empty database: its owner's, and a client's in a role.
	empty(ctx context.Context, role string) (*stage, error)
	split(text string) []string
	// relations describes the tables and views there are, for tables of n rows.
	relations(ctx context.Context, s session, n int) ([]relation, error)
	// fill makes the rows of the tables.
	fill(ctx context.Context, s session, list []relation, n int) error
	values(ctx context.Context, s session, r relation) values
	// grows says that a part may take longer on a larger table, for all that is known from one run.
	grows(part) bool
	// run carries out a migration and watches.
	run(ctx context.Context, s *scene, statements []string) ([]part, error)
}

// stage is an empty database with the people in it.
type stage struct {
	owner, client, reader, writer session
	drop                          func(context.Context) error
}

// close ends the sessions and drops the database.
func (s *stage) close(ctx context.Context) error {
	for _, one := range []session{s.owner, s.client, s.reader, s.writer} {
		one.close()
	}
	return s.drop(ctx)
}

// part is what was seen of one statement of a migration.
type part struct {
	sql     string
	timed   bool   // by waiting statements, otherwise by the locks held at its end and the work done
	wait    wait   // if timed
	built   bool   // if timed: a table or an index was made anew
	blocked string // a statement of the client that waits for a lock of it
	work    int64  // rows read and written
	bytes   int64  // written to new files of tables that were there before
}

// scene is a populated database before a migration.
type scene struct {
	*stage
	n         int
	brief     bool
	relations []relation
	deeds     []deed // of the client, each done once and taken back
	after     []deed // the same, one by one, on other rows
}

// build makes the scene of a case with n rows in each table. In a brief one the client does only one thing of each kind.
func build(ctx context.Context, p product, c Case, n int, brief bool) (*scene, error) {
	place, err := p.empty(ctx, c.Role)
	if err != nil {
		return nil, fmt.Errorf("make a database: %w", err)
	}
	s := &scene{stage: place, n: n, brief: brief}
	if err := s.populate(ctx, p, c); err != nil {
		return nil, fmt.Errorf("populate the schema: %w", joined(err, place.close(ctx)))
	}
	return s, nil
}

func joined(err, second error) error {
	if second != nil {
		return fmt.Errorf("%w; then %w", err, second)
	}
	return err
}

func (s *scene) populate(ctx context.Context, p product, c Case) error {
	if err := script(ctx, s.owner, p.split(c.Schema)...); err != nil {
		return err
	}
	var err error
	if s.relations, err = p.relations(ctx, s.owner, s.n); err != nil {
		return err
	}
	if err := s.override(c.Rows); err != nil {
		return err
	}
	if err := p.fill(ctx, s.owner, s.relations, s.n); err != nil {
		return err
	}
	return s.learn(ctx, p, c)
}

// override puts in the values that a case wants. The client always writes such a column.
func (s *scene) override(rows map[string]string) error {
	used := 0
	for _, r := range s.relations {
		for i := range r.columns {
			if expr, ok := rows[r.bare+"."+r.columns[i].bare]; ok {
				r.columns[i].expr, r.columns[i].required = expr, true
				used++
			}
		}
	}
	if used != len(rows) {
		return fmt.Errorf("rows names %d columns, %d of them are there", len(rows), used)
	}
	return nil
}

// learn collects what the client does, and keeps what works before the migration.
func (s *scene) learn(ctx context.Context, p product, c Case) error {
	var before, after []deed
	for _, r := range s.relations {
		v := p.values(ctx, s.owner, r)
		first, err := r.deeds(v, s.n, 0)
		if err != nil {
			return fmt.Errorf("values of %s: %w", r.name, err)
		}
		second, err := r.deeds(v, s.n, 1)
		if err != nil {
			return fmt.Errorf("values of %s: %w", r.name, err)
		}
		before, after = append(before, first...), append(after, second...)
	}
	for _, sql := range c.Client {
		before = append(before, deed{sql, sql, false})
		after = append(after, deed{sql, sql, false})
	}
	return s.keep(ctx, before, after, c.Client)
}

func (s *scene) keep(ctx context.Context, before, after []deed, must []string) error {
	reads, done := 0, map[string]bool{}
	for i, d := range before {
		if d.sql == "" || s.brief && done[d.kind()] {
			continue
		}
		if err := try(ctx, s.client, d.sql); err != nil {
			if slices.Contains(must, d.sql) {
				return fmt.Errorf("the client's %q before the migration: %w", d.sql, err)
			}
			continue
		}
		if d.read {
			reads++
		}
		done[d.kind()] = true
		s.deeds, s.after = append(s.deeds, d), append(s.after, after[i])
	}
	if reads == 0 {
		return fmt.Errorf("the client can read nothing: %d statements tried", len(before))
	}
	return nil
}

// broken names a statement of the client that worked before.
func (s *scene) broken(ctx context.Context) string {
	for _, d := range s.after {
		if err := try(ctx, s.client, d.sql); err != nil {
			return fmt.Sprintf("%s: %v", d.what, err)
		}
	}
	return ""
}

// watched are the statements of the sessions that watch: reads by key, and updates by key.
func (s *scene) watched() map[session][]string {
	out := map[session][]string{s.reader: nil, s.writer: nil}
	for _, d := range s.firsts() {
		if d.read {
			out[s.reader] = append(out[s.reader], d.sql)
		} else if d.update() {
			out[s.writer] = append(out[s.writer], d.sql)
		}
	}
	return out
}

// firsts are the first read, insert, update and delete of each relation.
func (s *scene) firsts() []deed {
	var out []deed
	seen := map[string]bool{}
	for _, d := range s.deeds {
		if id := d.kind(); !seen[id] {
			seen[id] = true
			out = append(out, d)
		}
	}
	return out
}
