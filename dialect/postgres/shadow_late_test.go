package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
)

// keyIndex describes the index of the shadow's key, and whether one is left to be built.
func (p *pairTest) keyIndex() string {
	p.Helper()
	return p.value(`SELECT coalesce((SELECT string_agg(pg_get_indexdef(i.indexrelid) || ' ' || coalesce(pg_get_constraintdef(c.oid), '') || i.indisvalid, ', ') FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
		WHERE i.indrelid = '` + p.copy() + `'::regclass AND i.indkey::text = '1'), 'none') || (SELECT count(*) FROM ` + relation(p.place().checkpoint()) + ` WHERE role = 'late')`)
}

// TestPairLate: the index of the key is away while rows are copied, also for a runner that goes on with the copy, and is the same
// one as before when the copy is in step.
func TestPairLate(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		before := p.keyIndex()
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if got := p.keyIndex(); got != "none1" {
				p.Errorf("when the copy begins: %s", got)
			}
			_, err := open.Copy(ctx, p.segments()[0], 40)
			return err
		})
		if err != nil {
			p.Fatal(err)
		}
		err = p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if err := p.copyAll(ctx, open); err != nil {
				return err
			}
			if got := p.keyIndex(); got != "none1" {
				p.Errorf("when all is copied: %s", got)
			}
			if err := open.Settle(ctx); err != nil {
				return err
			}
			return p.compare(ctx, t, open)
		})
		if err != nil {
			p.Fatal(err)
		}
		if got := p.keyIndex(); got != before {
			p.Errorf("it was %s and is %s", before, got)
		}
		p.same("t", p.copy())
	})
}

// TestPairLateChange: a change of a copied row is not kept until all is copied.
func TestPairLateChange(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		before := p.keyIndex()
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if _, err := open.Copy(ctx, p.segments()[0], 40); err != nil {
				return err
			}
			p.exec("UPDATE t SET n = -1 WHERE id = 5")
			if err := open.Drain(ctx); err != nil {
				return err
			}
			p.want("the change", "SELECT n FROM "+p.copy()+" WHERE id = 5", "-1")
			if got := p.keyIndex(); got != before {
				p.Errorf("it was %s and is %s", before, got)
			}
			return p.copyAll(ctx, open)
		})
		if err != nil {
			p.Fatal(err)
		}
		p.same("t", p.copy())
	})
}

// TestPairLateForeign: a row that somebody else has written is found by the index at the latest.
func TestPairLateForeign(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error {
			if err := p.copyAll(ctx, open); err != nil {
				return err
			}
			p.exec("INSERT INTO " + p.copy() + " (id) OVERRIDING SYSTEM VALUE VALUES (5)")
			return open.Settle(ctx)
		})
		if !errors.Is(err, shadow.ErrForeign) {
			p.Errorf("got %v", err)
		}
	})
}

// TestPairLateStays: an index with something to it that its statement doesn't say is left alone.
func TestPairLateStays(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		p.exec("ALTER TABLE " + p.copy() + " REPLICA IDENTITY USING INDEX t_pkey")
		before := p.keyIndex()
		err := p.run(p.Context(), false, func(ctx context.Context, t *pair, open *shadow.Pair) error { return p.copyAll(ctx, open) })
		if got := p.keyIndex(); err != nil || got != before {
			p.Errorf("%s, %v", got, err)
		}
	})
}

// TestMatch: what is stored in other bytes for the same text is the same, and nothing else is.
func TestMatch(t *testing.T) {
	eachPair(t, func(p *pairTest) {
		const columns = " (id int PRIMARY KEY, f float8, a int[], n numeric, s text, c char(4), b bytea)"
		p.exec("DROP TABLE t, "+p.copy(), "CREATE TABLE t"+columns, "CREATE TABLE "+p.copy()+columns,
			"INSERT INTO t VALUES (1, 'inf'::float8 - 'inf'::float8, array_remove('{1,NULL}'::int[], NULL), 1.50, 'Bob ', 'x', '\\x00'), (2, NULL, NULL, NULL, NULL, NULL, NULL)",
			"INSERT INTO "+p.copy()+" VALUES (1, 'NaN', '{1}', 1.50, 'Bob ', 'x', '\\x00'), (2, NULL, NULL, NULL, NULL, NULL, NULL)")
		a := p.alter()
		a.Key = []plans.KeyPart{{Name: "id", Type: "integer"}}
		a.KeyTo, a.Columns = a.Key, nil
		for _, c := range []string{"id", "f", "a", "n", "s", "c", "b"} {
			a.Columns = append(a.Columns, plans.Copied{From: c, To: c})
		}
		ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
		defer cancel()
		err := p.run(ctx, false, func(ctx context.Context, t *pair, _ *shadow.Pair) error {
			for _, c := range []struct {
				set  string
				want shadow.Matched
			}{
				{"id = id", shadow.Matched{Source: 2, Target: 2, Same: true}}, {"s = 'bob '", shadow.Matched{Source: 2, Target: 2}}, {"s = 'Bob'", shadow.Matched{Source: 2, Target: 2}},
				{"c = 'y'", shadow.Matched{Source: 2, Target: 2}}, {"b = '\\x01'", shadow.Matched{Source: 2, Target: 2}}, {"n = 1.5", shadow.Matched{Source: 2, Target: 2}},
				{"a = '{1,NULL}'", shadow.Matched{Source: 2, Target: 2}}, {"f = NULL", shadow.Matched{Source: 2, Target: 2}}, {"id = 3", shadow.Matched{Source: 2, Target: 2}},
			} {
				p.exec("CREATE TABLE keep AS TABLE "+p.copy(), "UPDATE "+p.copy()+" SET "+c.set+" WHERE id = 1")
				got, err := t.Match(ctx, shadow.Range{})
				if err != nil || got != c.want {
					p.Errorf("%s: %+v, %v", c.set, got, err)
				}
				p.exec("DELETE FROM "+p.copy(), "INSERT INTO "+p.copy()+" TABLE keep", "DROP TABLE keep")
			}
			p.exec("DELETE FROM " + p.copy() + " WHERE id = 2")
			got, err := t.Match(ctx, shadow.Range{})
			if err == nil && got != (shadow.Matched{Source: 2, Target: 1}) {
				p.Errorf("a row less: %+v", got)
			}
			return err
		})
		if err != nil {
			p.Fatal(err)
		}
	})
}
