package lintset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

func long() bool { return dbtest.Long() }

// sampled is how many cases of a file a default run proves.
var sampled = map[string]int{Unseen: 8, Practice: 2, Fresh: 1}

// sample is the same at every run, and spread over the whole file.
func sample(folder string, all []Case) []Case {
	most := sampled[folder]
	if long() || len(all) <= most {
		return all
	}
	var out []Case
	for k := range most {
		out = append(out, all[k*len(all)/most])
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
		for _, folder := range []string{Unseen, Practice, Fresh} {
			t.Run(folder, func(t *testing.T) {
				proved := proveAll(t, p, major, sample(folder, cases(t, folder, k)))
				t.Logf("%s %s, %s: proved %v", k, server.Version(), folder, proved)
			})
		}
	})
}

// proveAll counts the cases proved by what they are labelled.
func proveAll(t *testing.T, p product, major int, list []Case) map[Verdict]int {
	proved := map[Verdict]int{}
	for _, c := range list {
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
	return proved
}

func cases(t *testing.T, folder string, k throwaway.Kind) []Case {
	t.Helper()
	name := string(k)
	if k.IsPostgres() {
		name = "postgres"
	}
	if _, err := os.Stat(setPath(folder, name)); folder == Fresh && errors.Is(err, fs.ErrNotExist) {
		return nil // it has moved to practice
	}
	return read(t, folder, name).Cases
}

func setPath(folder, name string) string {
	return filepath.Join("..", "..", "testdata", "lintset", folder, name+".yaml")
}

func read(t *testing.T, folder, name string) Set {
	t.Helper()
	set, err := Read(setPath(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return set
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
// deletes shows on the small one.
func prove(ctx context.Context, p product, c Case, v Verdict) (evidence, error) {
	n, _ := p.sizes(false)
	seen, small, err := consequences(ctx, p, c, n)
	if err != nil || seen[Fails] != "" || v.Label == Dangerous && v.Why != Blocks {
		return seen, err
	}
	blocks, err := blocking(ctx, p, c, small, v.Why == Blocks)
	seen.add(Blocks, blocks)
	return seen, err
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
