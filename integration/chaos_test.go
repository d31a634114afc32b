package integration

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/faultnet"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// TestChaos lets everything go wrong that is known to go wrong around a run: its server, its network, its rights, other
// people. Each fault strikes while the runner is halted at a moment that hurts; the runner goes on, ends as it
// must, and after that either the same call goes on until every row is what the application committed, or the
// run stops, is taken back, and the table is what it was. Nothing may be left over either way.
//
// The long form goes through the whole table of faults, servers, ways and moments, and writes docs/reliability.md; with -run for some
// of them, or PHASEMIG_REQUIRE_DB for some servers, it keeps what was seen of the others.
func TestChaos(t *testing.T) {
	var seen outcomes
	t.Run("on", func(t *testing.T) {
		dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
			for _, c := range cases(k) {
				t.Run(strings.Join([]string{c.mishap.name, c.road.name, c.at.name}, "/"), func(t *testing.T) {
					t.Parallel()
					c.t = t
					defer func() { seen.add(c.outcome()) }() // a failure is an outcome, too
					c.run()
				})
			}
		})
	})
	if long() {
		seen.keep(t, "../docs/reliability.json", "../docs/reliability.md")
	}
}

// cases are what is tried on a server.
func cases(k throwaway.Kind) []*chaos {
	var out []*chaos
	for _, m := range mishaps() {
		for _, r := range roads {
			for _, at := range r.moments {
				if m.strikes(k, r, at) {
					out = append(out, &chaos{kind: k, mishap: m, road: r, at: at})
				}
			}
		}
	}
	return out
}

// chaos is one fault at one moment of one change on one server.
type chaos struct {
	t      *testing.T
	kind   throwaway.Kind
	mishap mishap
	road   road
	at     moment

	server, replica *throwaway.Server
	dir             string // above the server's own, where the fault needs it
	net, app        *faultnet.Proxy
	dsn, oracle     string // of the server itself
	home            *home  // the runner's, by way of net
	who             traveller
	args            []string
	runner          *process
	struck          called
	end             string // how it ended, in words
	healing         []func()
	resume          func() // ends a silence of the application
}

func (c *chaos) run() {
	c.open()
	c.who = c.road.travel(c)
	c.upTo(c.at.phase)
	c.begin()
	c.struck = c.runner.wait()
	if !slices.Contains(c.mishap.exits, c.struck.exit) {
		c.t.Fatalf("the runner that was struck: exit %d (signal %v), want one of %v\n%s%s", c.struck.exit, c.struck.signal, c.mishap.exits, c.struck.stdout, c.struck.stderr)
	}
	c.clear(c.struck)
	c.recover()
	if codes := c.mishap.stops[c.road.name]; codes != nil && !(c.mishap.unseen && c.kind.IsPostgres()) {
		c.stop(codes)
	} else {
		c.goOn()
	}
	c.nothingStray()
}

// open starts what the fault needs.
func (c *chaos) open() {
	c.t.Helper()
	if c.mishap.mount {
		c.dir = smallDisk(c.t)
	} else if c.mishap.files {
		c.dir = openDir(c.t)
	}
	if c.mishap.own() {
		c.server = dbtest.Start(c.t, c.kind, throwaway.Options{Dir: c.dir, Settings: c.mishap.settings})
		c.databases(c.t, c.server)
	} else {
		c.server = dbtest.Server(c.t, c.kind)
		c.dsn, c.oracle = dbtest.Database(c.t, c.kind), dbtest.Database(c.t, c.kind)
	}
	if c.mishap.replica {
		c.replica = dbtest.Start(c.t, c.kind, throwaway.Options{ReplicaOf: c.server})
	}
	c.net, c.app = dbtest.NewProxy(c.t, c.server.Addr()), dbtest.NewProxy(c.t, c.server.Addr())
	c.home = newHome(c.t, c.net.DSN(c.dsn))
	if c.mishap.open != nil {
		c.mishap.open(c)
	}
}

// replicas are what the plan says of them.
func (c *chaos) replicas() string {
	if c.mishap.watched {
		return "[r]"
	}
	return "none"
}

func (c *chaos) call(phase plans.PhaseName) []string {
	args := []string{"apply", "plan.json", "--phase", string(phase), "--chunk-rows", "40"}
	if c.mishap.watched {
		args = append(args, "--max-lag", "1s", "--replica", "r="+c.replica.DSN(databaseOf(c.t, c.dsn)))
	}
	return args
}

// upTo brings the run to the beginning of a phase.
func (c *chaos) upTo(phase plans.PhaseName) {
	c.t.Helper()
	for _, n := range plans.PhaseNames() {
		c.who.ready(n)
		if n == phase {
			return
		}
		c.home.settled(c.call(n)...).want(c.t, 0)
	}
}

// begin starts the runner and makes the fault.
func (c *chaos) begin() {
	c.t.Helper()
	c.t.Cleanup(func() { // whatever fails: the application must not wait, and no runner stay halted
		c.recover()
		if c.runner != nil {
			_ = c.runner.cmd.Process.Kill()
		}
	})
	c.args = c.call(c.at.phase)
	if c.mishap.away && (c.at.name == inCutOver || c.at.name == inChunk) { // or it would wait for the locks of a runner that is halted
		c.quiet()
	}
	h, args := c.home, append(slices.Clone(c.args), c.mishap.flags...)
	if c.at.point == "" {
		c.mishap.strike(c)
		c.runner = h.start(args...)
	} else {
		c.runner = c.halt(h, c.at.point, args...)
		c.mishap.strike(c)
		c.runner.signal(syscall.SIGCONT)
	}
	if c.mishap.during != nil {
		c.mishap.during(c)
	}
}

// halt starts a call and returns when it is halted at a failpoint, which is written with its hit. A runner before it that
// has died may have the lease for a moment.
func (c *chaos) halt(h *home, at string, args ...string) *process {
	c.t.Helper()
	point, hit, _ := strings.Cut(at, "@")
	for limit := time.Now().Add(patience); ; {
		p := h.with("PHASEMIG_FAULT=" + point + "=stop@" + hit).start(args...)
		waitFor(c.t, "the moment", func() bool { return p.state() == "Z" || strings.Contains(p.err.String(), fault.StoppedAt) })
		if p.state() != "Z" {
			return p
		}
		if r := p.wait(); r.exit != 6 || time.Now().After(limit) {
			c.t.Fatalf("phasemig %v ended before it was halted: exit %d\n%s", args, r.exit, r.stderr)
		}
	}
}

// recover does what heals, the last thing first.
func (c *chaos) recover() {
	list := c.healing
	c.healing = nil
	for _, f := range slices.Backward(list) {
		f()
	}
}

// quiet keeps the application between two transactions until resume is called, or the test ends.
func (c *chaos) quiet() (resume func()) {
	if c.resume == nil {
		c.resume = sync.OnceFunc(c.who.pause())
		c.t.Cleanup(c.resume)
	}
	return c.resume
}

func (c *chaos) heal(f func()) { c.healing = append(c.healing, f) }

// clear fails unless an error says what and what to do now.
func (c *chaos) clear(r called) {
	c.t.Helper()
	if r.exit > 0 && r.exit != 3 {
		r.says(c.t, "phasemig: ", "hint: ")
	}
}

// again calls until the call is neither temporary nor held up by the runner before it.
func (c *chaos) again(args ...string) called {
	c.t.Helper()
	for limit := time.Now().Add(patience); ; <-time.After(ride / 5) {
		r := c.home.call(args...)
		c.clear(r)
		if r.exit != 75 && r.exit != 6 {
			return r
		}
		if time.Now().After(limit) {
			c.t.Fatalf("phasemig %v never ends:\n%s", args, r.stderr)
		}
	}
}

// goOn calls again and takes the run to its end.
func (c *chaos) goOn() {
	c.t.Helper()
	names := plans.PhaseNames()
	for _, n := range names[slices.Index(names, c.at.phase):] {
		c.who.ready(n)
		r := c.again(c.call(n)...)
		for limit := time.Now().Add(patience); r.exit == 3 && n == plans.Contract && time.Now().Before(limit); <-time.After(ride / 5) { // the soak
			r = c.again(c.call(n)...)
		}
		r.want(c.t, 0)
		c.who.check(string(n)+" after "+c.mishap.name, n)
	}
	c.who.contracted()
	c.end = "goes on"
}

// stop finds the run stopped for good, and takes it back.
func (c *chaos) stop(codes []int) {
	c.t.Helper()
	r := c.again(c.args...)
	if !slices.Contains(codes, r.exit) {
		c.t.Fatalf("called again after %s: exit %d, want one of %v\n%s%s", c.mishap.name, r.exit, codes, r.stdout, r.stderr)
	}
	if c.struck.exit < 0 || c.struck.exit == 75 { // the call that tells why
		c.struck = r
	}
	if c.mishap.amend != nil {
		c.mishap.amend(c)
	}
	c.again("rollback", c.who.id(), "--all").want(c.t, 0)
	if c.mishap.tidy != nil {
		c.mishap.tidy(c)
	}
	c.end = "stops, is taken back"
	if c.mishap.emptied {
		return
	}
	c.who.check("the way back after "+c.mishap.name, "")
	c.who.original("the way back after " + c.mishap.name)
}

// stray are queries for what a run makes; each must give 0.
func stray(k throwaway.Kind) []string {
	if k.IsPostgres() {
		return []string{`SELECT count(*) FROM pg_class WHERE relname LIKE '%\_pm\_%' AND relnamespace = 'public'::regnamespace`,
			`SELECT count(*) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace`,
			`SELECT count(*) FROM pg_replication_slots WHERE database = current_database()`, `SELECT count(*) FROM pg_publication`}
	}
	return []string{`SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name LIKE '%\_pm\_%'`,
		`SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = database()`}
}

func (c *chaos) nothingStray() {
	c.t.Helper()
	for _, q := range stray(c.kind) {
		if n := dbtest.Query(c.t, c.app.DSN(c.dsn), q)[0][0]; n != "0" {
			c.t.Errorf("left over after %s: %s gives %s", c.mishap.name, q, n)
		}
	}
	waitFor(c.t, "the end of the runner's connections", func() bool { return c.net.Connections() == 0 })
}

// exec runs statements as somebody else would, past the runner's network.
func (c *chaos) exec(statements ...string) {
	c.t.Helper()
	dbtest.Exec(c.t, c.dsn, statements...)
}

// as is the runner's way in under another account.
func (c *chaos) as(user string) {
	u, err := url.Parse(c.net.DSN(c.dsn))
	if err != nil {
		c.t.Fatal(err)
	}
	u.User = url.User(user)
	c.home = &home{c.t, c.home.dir, []string{"PHASEMIG_DSN=" + u.String()}}
}
