package tally

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func small(auto bool) Subject {
	create, key := "id BIGINT NOT NULL", func(n int64) []string { return []string{fmt.Sprint(n)} }
	if auto {
		create += " AUTO_INCREMENT"
	}
	return Subject{
		Create: "CREATE TABLE %s (" + create + ", email VARCHAR(60) NULL, hits INT NOT NULL, name VARCHAR(40) NOT NULL, PRIMARY KEY (id), UNIQUE KEY email (email)) ENGINE=InnoDB",
		Key:    []Column{{Name: "id"}}, KeyOf: key, Auto: auto, Email: Column{Name: "email"}, Hits: Column{Name: "hits"}, Upsert: true,
		Columns: []Column{{Name: "name", Draw: func(r *rand.Rand) string { return fmt.Sprintf("'name %d'", r.IntN(1000)) }}},
	}
}

// The tally agrees with a server that nothing is done to, and sees one byte of one row
// that isn't as it was committed.
func TestTally(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			for _, auto := range []bool{true, false} {
				run(t, k, auto)
			}
		})
	}
}

func run(t *testing.T, k throwaway.Kind, auto bool) {
	dsn, oracle := dbtest.Database(t, k), dbtest.Database(t, k)
	f, err := Open(t.Context(), Options{DSN: dsn, Name: t.Name(), Subject: small(auto), Rows: 300, Writers: 6, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Start(t.Context())
	for range 2 {
		<-time.After(time.Second)
		resume := f.Pause()
		if err := f.Compare(t.Context(), Check{DSN: oracle}); err != nil {
			t.Fatal(err)
		}
		resume()
	}
	r := f.Report()
	t.Log(r)
	if r.Errors > 0 || r.Commits < 50 || r.Rollbacks == 0 {
		t.Fatal("the application didn't do what it is there for")
	}
	defer f.Pause()()
	dbtest.Exec(t, dsn, "UPDATE "+Table+" SET name = 'Name 0' ORDER BY id LIMIT 1")
	if err := f.Compare(t.Context(), Check{DSN: oracle}); err == nil {
		t.Fatal("a wrong row wasn't found")
	}
}
