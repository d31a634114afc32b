package lintset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func long() bool { return os.Getenv("PHASEMIG_LONG") != "" }

// sampled is how many cases of a server a default run proves.
const sampled = 15

// sample is the same at every run, and spread over the whole file.
func sample(all []Case) []Case {
	if long() || len(all) <= sampled {
		return all
	}
	var out []Case
	for k := range sampled {
		out = append(out, all[k*len(all)/sampled])
	}
	return out
}

// TestLabels proves labels on the servers.
func TestLabels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		t.Parallel()
		server := dbtest.Server(t, k)
		major, err := strconv.Atoi(strings.SplitN(server.Version(), ".", 2)[0])
		if err != nil {
			t.Fatal(err)
		}
		p := productOf(t, server)
		proved := map[Verdict]int{}
		for _, c := range sample(cases(t, k)) {
			t.Run(c.ID, func(t *testing.T) {
				v := c.On(major)
				seen, err := prove(t.Context(), p, c, v)
				if err != nil {
					t.Fatal(err)
				}
				if err := seen.proves(v); err != nil {
					t.Fatal(err)
				}
				t.Log(seen)
				proved[v]++
			})
		}
		t.Logf("%s %s: proved %v", k, server.Version(), proved)
	})
}

func cases(t *testing.T, k throwaway.Kind) []Case {
	t.Helper()
	name := string(k)
	if k.IsPostgres() {
		name = "postgres"
	}
	set, err := Read(filepath.Join("..", "..", "testdata", "lintset", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return set.Cases
}

func productOf(t *testing.T, server *throwaway.Server) product {
	t.Helper()
	if !server.Kind().IsPostgres() {
		return mysql{server}
	}
	p := postgres{server}
	if err := p.around(t.Context(), postgresSetup); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.around(context.WithoutCancel(t.Context()), postgresTeardown); err != nil {
			t.Error(err)
		}
	})
	return p
}

// prove collects the evidence of a case. Tables are made larger, and small ones first: what fails, breaks or
// deletes shows on the small one. A clock that gives no clear answer, or another one than the label, is asked again on
// four times as many rows, twice at most.
func prove(ctx context.Context, p product, c Case, v Verdict) (evidence, error) {
	n, _ := p.sizes(false)
	seen, small, err := consequences(ctx, p, c, n)
	if err != nil || seen[Fails] != "" || v.Label == Dangerous && v.Why != Blocks {
		return seen, err
	}
	for try := range 3 {
		blocks, err := blocking(ctx, p, c, small, try)
		switch {
		case errors.Is(err, errUnsure):
			continue
		case err != nil:
			return nil, err
		case (blocks != "") == (v.Why == Blocks) || try == 2:
			seen.add(Blocks, blocks)
			return seen, nil
		}
	}
	return nil, fmt.Errorf("three tries: %w", errUnsure)
}

// consequences of a migration: it fails, breaks the client, deletes data.
func consequences(ctx context.Context, p product, c Case, n int) (evidence, []part, error) {
	s, err := build(ctx, p, c, n, false)
	if err != nil {
		return nil, nil, err
	}
	seen, parts, err := s.migrate(ctx, p, c)
	return seen, parts, errors.Join(err, s.close(context.WithoutCancel(ctx)))
}

func (s *scene) migrate(ctx context.Context, p product, c Case) (evidence, []part, error) {
	seen := evidence{}
	before, err := tallies(ctx, s.owner, s.relations)
	if err != nil {
		return nil, nil, err
	}
	parts, failed := p.run(ctx, s, p.split(c.SQL))
	if failed != nil {
		seen.add(Fails, failed.Error())
		return seen, parts, nil
	}
	seen.add(Breaks, s.broken(ctx))
	after, err := s.remains(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	seen.add(Loses, lost(before, after))
	return seen, parts, nil
}

// remains counts what is there after a migration. A table that can't be read, as its file is gone, holds nothing; one
// that became a partition is no relation of its own any more, and is counted all the same.
func (s *scene) remains(ctx context.Context, p product) ([]tally, error) {
	list, err := p.relations(ctx, s.owner, s.n)
	if err != nil {
		return nil, err
	}
	for _, r := range s.relations {
		if !slices.ContainsFunc(list, func(o relation) bool { return o.name == r.name }) {
			list = append(list, r)
		}
	}
	var out []tally
	for _, r := range list {
		if counts, err := tallies(ctx, s.owner, []relation{r}); err == nil {
			out = append(out, counts...)
		} else if _, lost := s.owner.exec(ctx, "SELECT 1"); lost != nil {
			return nil, fmt.Errorf("count %s: %w", r.name, lost)
		}
	}
	return out, nil
}

var errUnsure = errors.New("the clock gives no clear answer")

// blocking says which statement held reads or writes up for a time that grows.
func blocking(ctx context.Context, p product, c Case, small []part, try int) (string, error) {
	timed := false
	for _, one := range small {
		timed = timed || one.timed
	}
	few, many := p.sizes(timed)
	if base, _ := p.sizes(false); few != base || try > 0 {
		var err error
		if small, err = parts(ctx, p, c, few<<(2*try)); err != nil {
			return "", err
		}
	}
	large, err := parts(ctx, p, c, many<<(2*try))
	if err != nil {
		return "", err
	}
	return held(small, large, many<<(2*try)-few<<(2*try))
}

// parts runs a migration for its parts alone.
func parts(ctx context.Context, p product, c Case, n int) ([]part, error) {
	s, err := build(ctx, p, c, n, true)
	if err != nil {
		return nil, err
	}
	list, err := p.run(ctx, s, p.split(c.SQL))
	if err != nil {
		err = fmt.Errorf("run the migration on %d rows: %w", n, err)
	}
	return list, errors.Join(err, s.close(context.WithoutCancel(ctx)))
}

// held compares the parts on tables that differ by more rows.
func held(small, large []part, more int) (string, error) {
	unclear := false
	for i, l := range large {
		if !l.timed {
			if did := l.held(small[i], int64(more)); did != "" {
				return did, nil
			}
			continue
		}
		switch compare(small[i].wait, l.wait) {
		case grows:
			return fmt.Sprintf("%q took %v, then %v, and %q waited %v, then %v", l.sql, small[i].wait.took, l.wait.took, l.wait.sql, small[i].wait.longest, l.wait.longest), nil
		case unsure:
			unclear = true
		}
	}
	if unclear {
		return "", errUnsure
	}
	return "", nil
}

// held says that a statement of the client waits while work was done that grows by at least half a row for each row.
func (p part) held(small part, more int64) string {
	rows, bytes := p.work-small.work, p.bytes-small.bytes
	if p.blocked == "" || rows < more/2 && bytes < more*4 {
		return ""
	}
	return fmt.Sprintf("%q holds up %s; %d rows and %d bytes more for %d rows", p.sql, p.blocked, rows, bytes, more)
}
