package integration

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// crashedAlter rewrites the table, keeps a unique key whose values move all the time,
// and has a column on either side that the other has not.
var crashedAlter = alteration{name: "crash", alter: "MODIFY hits BIGINT NOT NULL DEFAULT 0, ADD KEY hit_often (hits), ADD COLUMN extra INT NOT NULL DEFAULT 7 AFTER email, DROP COLUMN mask", renamed: texts{"mask": "-"}}

// crashedPostgres is the same there.
var crashedPostgres = alteration{name: "crash", alter: "ALTER hits TYPE bigint, ADD COLUMN extra integer NOT NULL DEFAULT 7, DROP COLUMN bits", renamed: texts{"bits": "-"}}.onPostgres()

// small chunks: a crash falls between many.
var smallChunks = []string{"--chunk-rows", "40"}

// shadowPoints are the failpoints that only a shadow comes by, as far as this table and this server have
// them: it has neither triggers nor foreign keys to carry over, and each server changes names in its own way.
func shadowPoints(k throwaway.Kind) []string {
	others := []string{"shadow.carried", "shadow.rename_waits", "shadow.sentry_gone"}
	switch {
	case k == throwaway.MariaDB:
		others = []string{"shadow.carried", "shadow.renamed"}
	case k.IsPostgres():
		others = []string{"shadow.rename_waits", "shadow.sentry_gone"}
	}
	return slices.DeleteFunc(fault.Points(), func(p string) bool { return !strings.HasPrefix(p, "shadow.") || slices.Contains(others, p) })
}

// mortal is a change whose calls die.
type mortal struct {
	*shadowed
	died map[string]int // by failpoint, or "" for a random moment
}

func newMortal(t *testing.T, k throwaway.Kind) *mortal {
	t.Helper()
	if k.IsPostgres() {
		return mortalOf(t, k, crashedPostgres)
	}
	return mortalOf(t, k, crashedAlter)
}

func mortalOf(t *testing.T, k throwaway.Kind, a alteration) *mortal {
	t.Helper()
	m := &mortal{newShadowed(t, k, a, load{rows: 500, writers: 4, rate: 120}), map[string]int{}}
	m.planned()
	m.begin()
	return m
}

// calls of a life with every direction of the tables' exchange, and what the table
// must be afterwards.
func (m *mortal) calls() []struct {
	args []string
	then func(string)
} {
	apply := func(phase plans.PhaseName) []string {
		return append([]string{"apply", "plan.json", "--phase", string(phase)}, smallChunks...)
	}
	back := []string{"rollback", m.plan.ID}
	return []struct {
		args []string
		then func(string)
	}{{apply(plans.Expand), m.isOld}, {back, m.isOld}, {apply(plans.Expand), m.isOld}, {apply(plans.Switch), m.isNew}, {back, m.isOld}, {apply(plans.Switch), m.isNew}}
}

func (m *mortal) contract() {
	m.t.Helper()
	m.apply(plans.Contract)
	m.isNew("contract")
}

// TestCrashShadow kills the program at every failpoint of a shadow, in every direction,
// while unique values move; called again until it ends, it must leave the table as it was
// committed, at each stop. In the short form all points are armed at once.
func TestCrashShadow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k == throwaway.Postgres15 && !long() { // for the short form 18 stands for both
			return
		}
		beside(t)
		died := map[string]int{}
		lives, hits := [][]string{shadowPoints(k)}, 1
		if long() {
			lives, hits = nil, 3
			for _, p := range shadowPoints(k) {
				lives = append(lives, []string{p})
			}
			lives = append(lives, syncPoints())
		}
		for _, points := range lives {
			m := newMortal(t, k)
			for hit := 1; hit <= hits; hit++ {
				for _, c := range m.calls() {
					m.through(points, hit, c.args...)
					c.then(fmt.Sprintf("%s, dying at %s", strings.Join(c.args[:2], " "), strings.Join(points, ", ")))
				}
				if hit < hits {
					m.settledBack()
				}
			}
			m.contract()
			m.fleet.Close()
			for p, n := range m.died {
				died[p] += n
			}
		}
		t.Logf("killed at %v", died)
		for _, p := range shadowPoints(k) {
			if died[p] == 0 {
				t.Errorf("the program never died at %s", p)
			}
		}
	})
}

// TestCrashPartition kills the program while a table goes into partitions and back, and rows move between them.
func TestCrashPartition(t *testing.T) {
	beside(t)
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		if k == throwaway.Postgres15 && !long() {
			return
		}
		lives := [][]string{{"shadow.chunk_committed", "shadow.batch_applied", "shadow.carried", "shadow.renamed"}}
		if long() {
			lives = nil
			for _, p := range shadowPoints(k) {
				lives = append(lives, []string{p})
			}
		}
		for _, points := range lives {
			m := mortalOf(t, k, cuts[0].onPostgres())
			for _, c := range m.calls() {
				m.through(points, 1, c.args...)
				c.then(fmt.Sprintf("%s, dying at %s", strings.Join(c.args[:2], " "), strings.Join(points, ", ")))
			}
			m.contract()
			m.fleet.Close()
			if len(m.died) < len(points) {
				t.Errorf("killed at %v only, of %v", m.died, points)
			}
		}
	})
}

// settledBack goes back to the beginning.
func (m *mortal) settledBack() {
	m.t.Helper()
	for range 2 {
		m.rollback()
	}
}

// through calls until a call doesn't die. Each point kills once.
func (m *mortal) through(points []string, hit int, args ...string) {
	m.t.Helper()
	armed := slices.Clone(points)
	for limit := time.Now().Add(patience); ; {
		if time.Now().After(limit) {
			m.t.Fatalf("phasemig %v never ends", args)
		}
		var spec []string
		for _, p := range armed {
			spec = append(spec, fmt.Sprintf("%s=kill@%d", p, hit))
		}
		r := m.home.with("PHASEMIG_FAULT=" + strings.Join(spec, ",")).call(args...)
		if r.signal == syscall.SIGKILL {
			_, point, _ := strings.Cut(r.stderr, fault.KilledAt)
			point = strings.TrimSpace(point)
			m.died[point]++
			armed = slices.DeleteFunc(armed, func(p string) bool { return p == point })
		} else if m.ended(r) {
			return
		}
	}
}

// ended reports whether a call was the last one: the lease of one that died is free
// after a moment, and what is temporary is tried again.
func (m *mortal) ended(r called) bool {
	m.t.Helper()
	if r.exit == 6 || r.exit == 75 {
		m.ride(ride / 10)
		return false
	}
	if r.exit == 8 {
		m.differs(r)
	}
	if r.exit != 0 {
		m.t.Fatalf("after dying at %v: phasemig %v: exit %d (signal %v)\n%s%s", m.died, r.args, r.exit, r.signal, r.stdout, r.stderr)
	}
	return true
}

// differs tells what a difference is: one that stays when nobody writes is a row lost.
func (m *mortal) differs(r called) {
	m.t.Helper()
	defer m.fleet.Pause()()
	again := m.home.call(r.args...)
	at := strings.TrimPrefix(strings.Fields(r.stderr[strings.Index(r.stderr, "id="):])[0], "id=")
	m.t.Logf("when nobody writes: exit %d\n%s", again.exit, again.stderr)
	for _, table := range []string{"items", m.plan.Alters[0].New, m.plan.Alters[0].Old} {
		rows, err := dbtest.DB(m.t, m.dsn).Query("SELECT id, email, hits, name FROM " + table + " WHERE id = " + strings.Trim(at, ",;"))
		if err != nil {
			continue
		}
		for rows.Next() {
			var c [4]sql.NullString
			if err := rows.Scan(&c[0], &c[1], &c[2], &c[3]); err == nil {
				m.t.Log(table, c)
			}
		}
		rows.Close()
	}
}

// TestStoppedRunner halts a runner at a failpoint, lets a second one take over and finish,
// and lets the first go on: it must notice, and harm nothing. Its lease is free after a while; what
// it had locked, the second one must get over.
func TestStoppedRunner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		points := []string{"shadow.drained"}
		if k.IsPostgres() && !long() { // nothing that it locks is the server's own affair there: the lease tells
			return
		}
		beside(t)
		if long() {
			points = shadowPoints(k)
		}
		for _, point := range points {
			t.Run(point, func(t *testing.T) { stopped(t, k, point) })
		}
	})
}

func stopped(t *testing.T, k throwaway.Kind, point string) {
	m := newMortal(t, k)
	calls := m.calls()[2:5] // expand, switch, rollback: whichever comes by the point is halted there
	if !long() {
		calls = calls[:2]
	}
	for _, c := range calls {
		first := m.home.with("PHASEMIG_FAULT=" + point + "=stop").start(c.args...)
		waitFor(t, "the halt or the end", func() bool {
			return strings.Contains(first.err.String(), fault.StoppedAt) || strings.Contains(first.state(), "Z")
		})
		if !strings.Contains(first.err.String(), fault.StoppedAt) {
			first.wait().want(t, 0)
			c.then(c.args[0])
			continue
		}
		m.through(nil, 1, c.args...)
		c.then(strings.Join(c.args[:2], " ") + " by the second runner")
		first.signal(syscall.SIGCONT)
		r := first.wait()
		if r.exit != 6 && r.exit != 75 && r.exit != 1 {
			t.Errorf("the halted runner ended with %d\n%s", r.exit, r.stderr)
		}
		t.Logf("halted in %s at %s: exit %d", strings.Join(c.args, " "), point, r.exit)
		m.ride(ride)
		c.then(strings.Join(c.args[:2], " ") + " and the halted runner after it")
	}
	m.lap("stopped at " + point)
	if long() {
		m.apply(plans.Switch)
		m.isNew("switch at last")
	}
	m.contract()
}

// TestCrashShadowAnytime kills the program at random moments, as often as is asked.
func TestCrashShadowAnytime(t *testing.T) {
	if !long() { // a moment of chance is for the long form; the failpoints stand in for it
		return
	}
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		want := 10
		if long() {
			want = 220
		}
		r := rand.New(rand.NewPCG(17, 4))
		kills, longest := 0, map[string]time.Duration{}
		for kills < want {
			m := newMortal(t, k)
			for round := 0; round < 4 && kills < want; round++ {
				for _, c := range m.calls() {
					m.anytime(r, longest, c.args...)
					c.then(fmt.Sprintf("%s, killed %d times so far", strings.Join(c.args[:2], " "), kills+m.died[""]))
				}
				m.settledBack()
				m.isOld("the way back")
			}
			kills += m.died[""]
			t.Logf("%d kills so far", kills)
			if rep := m.lap("killed"); rep.Errors > 0 {
				t.Fatal(rep)
			}
			m.fleet.Close() // or the applications of all lives would write side by side
		}
		t.Logf("%d kills", kills)
	})
}

// takenBack: a rollback that was killed behind its last word is over, and another one would
// take back the phase before.
func (m *mortal) takenBack(args []string, before string) bool {
	if args[0] != "rollback" {
		return false
	}
	now := m.status()
	return now != before && now != string(state.RollingBack)
}

func (m *mortal) status() string {
	m.t.Helper()
	var out struct {
		Status string `json:"status"`
	}
	c := m.home.must(0, "status", m.plan.ID, "--output", "json")
	if err := json.Unmarshal([]byte(c.stdout), &out); err != nil {
		m.t.Fatal(err)
	}
	return out.Status
}

// anytime calls until a call ends by itself, and kills most of them before. A call
// takes as long as the longest of its kind so far; a second at first.
func (m *mortal) anytime(r *rand.Rand, longest map[string]time.Duration, args ...string) {
	m.t.Helper()
	kind := strings.Join(append(args[:1:1], args[2:]...), " ")
	before := ""
	if args[0] == "rollback" {
		before = m.status()
	}
	for tries := 0; ; tries++ {
		begin := time.Now()
		p := m.home.start(args...)
		var kill *time.Timer
		if tries < 6 {
			kill = time.AfterFunc(time.Duration(r.Float64()*float64(max(longest[kind], time.Second))), func() { _ = p.cmd.Process.Kill() })
		}
		c := p.wait()
		if kill != nil {
			kill.Stop()
		}
		if c.signal == syscall.SIGKILL {
			m.died[""]++
			if m.takenBack(args, before) {
				return
			}
			continue
		}
		if m.ended(c) {
			longest[kind] = max(longest[kind], time.Since(begin))
			return
		}
	}
}
