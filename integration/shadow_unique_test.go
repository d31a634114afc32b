package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Unique values move between rows all the time, through the whole of it: the stream
// and the copy meet each other's rows, and no row is lost.
func TestShadowMovingValues(t *testing.T) {
	if !long() { // minutes of load; TestShadowAlters moves values in the short form
		return
	}
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		for _, l := range []load{{rows: 20000, writers: 12, rate: 300}, {rows: 20000, writers: 12, rate: 800}} {
			t.Run(fmt.Sprint(l.rate), func(t *testing.T) {
				s := newShadowed(t, k, alteration{alter: "MODIFY email VARCHAR(70) NULL, ADD UNIQUE KEY again (email, name)"}, l)
				s.whole(time.Second)
			})
		}
	})
}

// broken is a table of which two rows are equal under the unique key that is added.
func broken(t *testing.T, k throwaway.Kind, rows int, more ...string) *subject {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.Database(t, k)}
	s.db = dbtest.DB(t, s.dsn)
	s.home = newHome(t, s.dsn)
	s.exec("CREATE TABLE items (id int PRIMARY KEY, email varchar(40) NULL)", "INSERT INTO items "+numbered(rows, "NULL"), "UPDATE items SET email = CONCAT('u', id)")
	s.exec(more...)
	s.home.must(0, onShadow("ADD UNIQUE KEY email (email)")...)
	if err := json.Unmarshal([]byte(s.home.read("plan.json")), &s.plan); err != nil {
		t.Fatal(err)
	}
	return s
}

// A unique key that the rows break: both are named, the shadow can go, and nothing of
// the table has changed.
func TestShadowUniqueBroken(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		for name, pair := range map[string][2]int{"in one chunk": {11, 12}, "far apart": {11, 990}} {
			t.Run(name, func(t *testing.T) {
				s := broken(t, k, 1000, fmt.Sprintf("UPDATE items SET email = 'same' WHERE id = %d", pair[0]), fmt.Sprintf("UPDATE items SET email = 'SAME' WHERE id = %d", pair[1]))
				before := s.rows("SELECT * FROM items ORDER BY id")
				c := s.home.must(9, append([]string{"apply", "plan.json", "--phase", "expand"}, smallChunks...)...)
				c.says(t, fmt.Sprintf("id=%d", pair[0]), fmt.Sprintf("id=%d", pair[1]), "email")
				s.home.must(0, "rollback", s.plan.ID)
				s.want("SELECT count(*) FROM information_schema.tables WHERE table_schema = database()", "1")
				if s.rows("SELECT * FROM items ORDER BY id") != before {
					t.Fatal("the table has changed")
				}
			})
		}
	})
}

// Rows that break it only later, by the application's doing: while the copy goes on,
// and when all is copied.
func TestShadowUniqueBrokenLater(t *testing.T) {
	if !long() { // see TestShadowUniqueBroken for the short form
		return
	}
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		t.Run("during the copy", func(t *testing.T) {
			s := broken(t, k, 1000)
			p := s.home.start("apply", "plan.json", "--phase", "expand", "--chunk-rows", "50", "--max-rate", "400")
			shadow := "_items_pm_new"
			if k == throwaway.MariaDB {
				shadow = "items_pm_new"
			}
			s.until("SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = '"+shadow+"'", "1")
			s.until("SELECT CASE WHEN count(*) > 100 THEN 'yes' ELSE 'no' END FROM "+shadow, "yes")
			s.exec("UPDATE items SET email = 'same' WHERE id = 5", "UPDATE items SET email = 'same' WHERE id = 7")
			c := p.wait()
			c.want(t, 9)
			c.says(t, "id=5", "id=7")
			s.repaired()
		})
		t.Run("before the switch", func(t *testing.T) {
			s := broken(t, k, 200)
			s.apply(0, "expand")
			s.exec("UPDATE items SET email = 'same' WHERE id IN (5, 7)")
			s.apply(9, "switch").says(t, "id=5", "id=7")
			s.repaired()
		})
		t.Run("and no more when it is looked for", func(t *testing.T) {
			s := broken(t, k, 200)
			s.apply(0, "expand")
			s.exec("UPDATE items SET email = 'same' WHERE id IN (5, 7)", "UPDATE items SET email = 'other' WHERE id = 7")
			s.apply(0, "switch")
			s.want("SELECT email FROM items WHERE id IN (5, 7) ORDER BY id", "same|other")
		})
	})
}

// repaired: with the rows set right by the application the same run goes through.
func (s *subject) repaired() {
	s.t.Helper()
	s.exec("UPDATE items SET email = 'u7' WHERE id = 7")
	want := s.rows("SELECT id, email FROM items ORDER BY id")
	s.apply(0, "expand")
	s.apply(0, string(plans.Switch))
	if got := s.rows("SELECT id, email FROM items ORDER BY id"); got != want {
		s.t.Fatal("the rows have changed")
	}
	if !strings.Contains(s.rows("SHOW CREATE TABLE items"), "UNIQUE KEY") {
		s.t.Fatal("the table has no unique key")
	}
}
