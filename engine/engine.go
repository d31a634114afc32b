package engine

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/throttle"
)

// Config is how the engine works. Zero values mean the defaults named here.
type Config struct {
	LeaseTTL time.Duration // 15 s; a lease not renewed for so long may be taken over
	LockWait time.Duration // 1 s; longest wait for a lock that others queue behind
	// LockBudget is how long a step goes on trying for its lock, with pauses,
	// before the run stops with a temporary error. 10 min.
	LockBudget   time.Duration
	KillBlockers bool // end sessions that hold a lock in the way; never backups, replicas, DDL

	Workers     int           // 2; goroutines of the backfill
	ChunkTarget time.Duration // 150 ms; at most 200 ms
	ChunkRows   int           // 0: grows by itself from 500; else fixed
	MaxRate     float64       // rows a second; 0: no limit
	MaxLag      time.Duration // 5 s; replica lag that holds the copying
	MaxLatency  time.Duration // 0: off; p99 of the application's statements, which slows it
	MaxActive   float64       // 0: the dialect's own limit
	// MaxLoad and CriticalLoad are limits on the server's variables, "Threads_running=25,…":
	// over the one the copying is held, over the other the run ends with dberr.Overloaded.
	MaxLoad      string
	CriticalLoad string
	HTTP         throttle.HTTP // an address that is asked whether to go on
	Query        string        // a query on the target: more than 0 holds
	FlagFile     string        // holds while it exists

	Repair bool // a comparison of a table and its shadow copies rows that differ anew

	// Replicas maps the plan's replica names to DSNs.
	Replicas map[string]string
	Targets  gate.Targets // what command and http gates may call
	// Rehearsal is set where a run is only practised.
	Rehearsal *Rehearsal
	Who       string // host, process, OS user; default: asked of the system
	// Person is who asks, where that isn't the OS user of this process: the creator of runs, the
	// giver of approvals.
	Person string
	// Token makes the lease's random token; for tests.
	Token func() string
}

func (c Config) withDefaults() Config {
	c.LeaseTTL = cmp.Or(c.LeaseTTL, 15*time.Second)
	c.LockWait = cmp.Or(c.LockWait, time.Second)
	c.LockBudget = cmp.Or(c.LockBudget, 10*time.Minute)
	c.Workers = cmp.Or(c.Workers, 2)
	c.ChunkTarget = min(cmp.Or(c.ChunkTarget, 150*time.Millisecond), 200*time.Millisecond)
	c.MaxLag = cmp.Or(c.MaxLag, 5*time.Second)
	c.Who = cmp.Or(c.Who, Who())
	c.Person = cmp.Or(c.Person, OSUser())
	if c.Token == nil {
		c.Token = randomToken
	}
	return c
}

// Who names this process for those who come second: OS user, host, process id.
func Who() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s@%s pid %d", OSUser(), host, os.Getpid())
}

// OSUser is the login name of whoever runs this process.
func OSUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + fmt.Sprint(os.Getuid())
}

func randomToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails on supported systems
	return hex.EncodeToString(b)
}

// Engine works on one target.
type Engine struct {
	db      *dialect.Database
	config  Config
	observe func(Event)
	pulse   pulse
}

// New makes an engine. observe may be nil; it is called from one goroutine at a
// time and must not block.
func New(db *dialect.Database, c Config, observe func(Event)) *Engine {
	e := &Engine{db: db, config: c.withDefaults()}
	e.observe = serialised(func(ev Event) {
		e.pulse.see(ev)
		if observe != nil {
			observe(ev)
		}
	})
	return e
}
