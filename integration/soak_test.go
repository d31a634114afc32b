package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/faultnet"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// soakRuns is how many migrations one process takes through their whole life, one after another; in the short form a few.
const (
	soakRuns  = 200
	shortRuns = 4
)

// TestSoak lets one server process carry out one migration after another, renames and rewrites of a table on a
// shadow in turn, and holds what it uses at the end against what it used after the first quarter: memory, open files,
// connections to the database.
func TestSoak(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.Postgres18} {
		if !long() && k != throwaway.MySQL {
			continue
		}
		t.Run(string(k), func(t *testing.T) {
			runs := shortRuns
			if long() {
				runs = soakRuns
			}
			s := newSoak(t, k)
			var early usage
			for n := range runs {
				s.migrate(n)
				if n == runs/4 {
					early = s.usage()
				}
			}
			late := s.usage()
			t.Logf("after %d: %v; after %d: %v", runs/4+1, early, runs, late)
			late.grownFrom(t, early)
			s.served.process.signal(syscall.SIGTERM)
			s.served.process.wait().want(t, 0)
			waitFor(t, "the end of all connections", func() bool { return s.net.Connections() == 0 })
		})
	}
}

// soak is a server process with a table.
type soak struct {
	*subject
	served *served
	net    *faultnet.Proxy
	column string
}

func newSoak(t *testing.T, k throwaway.Kind) *soak {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.Database(t, k)}
	s.db = dbtest.DB(t, s.dsn)
	s.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users "+numbered(500, "'name'"))
	net := dbtest.NewProxy(t, dbtest.Server(t, k).Addr())
	direct := s.dsn
	s.dsn = net.DSN(s.dsn)
	s.home = newHome(t, direct) // plans are made by processes of their own
	return &soak{subject: s, served: s.serve(""), net: net, column: "full_name"}
}

// migrate takes one change through all phases.
func (s *soak) migrate(n int) {
	s.t.Helper()
	if n%4 == 3 {
		alter := fmt.Sprintf(on(s.kind, "MODIFY %s VARCHAR(%d)", "ALTER %s TYPE varchar(%d)"), s.column, 81+n) // the same plan twice would be done already
		s.home.must(0, "plan", "--alter", "ALTER TABLE users "+alter, "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json")
	} else {
		to := map[string]string{"full_name": "display_name", "display_name": "full_name"}[s.column]
		s.home.write("change.yaml", fmt.Sprintf("name: soak-%d\nreplicas: none\noperations:\n  - rename_column: {table: users, from: %s, to: %s}\n", n, s.column, to))
		s.home.must(0, "plan", "--change", "change.yaml", "--gates", "none", "-o", "plan.json")
		s.column = to
	}
	for _, phase := range []string{"expand", "switch", "contract"} {
		if o := s.served.operate(phase); o["status"] != "SUCCEEDED" {
			text, _ := json.MarshalIndent(o, "", " ")
			s.t.Fatalf("migration %d, %s: %s", n, phase, text)
		}
	}
	s.want("SELECT count(*) FROM users WHERE "+s.column+" = 'name'", "500")
}

// usage is what the server process takes.
type usage struct{ memoryKB, files, connections int }

func (u usage) String() string {
	return fmt.Sprintf("%d MB, %d files, %d connections", u.memoryKB/1024, u.files, u.connections)
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

func (s *soak) usage() usage {
	s.t.Helper()
	of := "/proc/" + strconv.Itoa(s.served.process.cmd.Process.Pid)
	status, err := os.ReadFile(of + "/status")
	if err != nil {
		s.t.Fatal(err)
	}
	files, err := os.ReadDir(of + "/fd")
	if err != nil {
		s.t.Fatal(err)
	}
	kb, err := strconv.Atoi(resident.FindStringSubmatch(strings.TrimSpace(string(status)))[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return usage{kb, len(files), s.net.Connections()}
}

// The margins: a heap that the garbage collector hasn't given back, a connection that a pool opens under load. What
// grows with each migration is far over them after 150 more.
const (
	moreMemory      = 1.3
	moreConnections = 4
)

func (u usage) grownFrom(t *testing.T, early usage) {
	t.Helper()
	if float64(u.memoryKB) > moreMemory*float64(early.memoryKB)+16<<10 || u.files > early.files+moreConnections || u.connections > early.connections+moreConnections {
		t.Errorf("grown: %v, then %v", early, u)
	}
}
