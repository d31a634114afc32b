package integration

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// limitMishaps are faults of what a server has only so much of.
func limitMishaps() []mishap {
	return []mishap{
		{name: "disk full", what: "the file system of the data is full, for five seconds or until the server gives up", at: inBoth(inCopy), mount: true, exits: []int{0, 1, 75}, strike: fillDisk,
			during: func(c *chaos) { <-time.After(5 * time.Second); c.recover() }},
		{name: "connection limit", what: "the runner's connections are cut, and others take all that the server gives", at: inBoth(inCopy, inCompare), settings: []string{"max_connections=50"}, exits: []int{75},
			strike: takeConnections},
		{name: "deadlock storm", what: "four sessions change the same few rows in random order", at: inBoth(inCopy), exits: []int{0}, strike: storm},
		{name: "log purged", what: "the runner is killed, and what it has not read of the log is thrown away (binary logs purged, slot dropped)", at: onlyShadow(inApply), alone: true, exits: []int{-1},
			strike: purge, stops: map[string][]int{byShadow: {1, 5}}},
	}
}

// smallDisk is a file system on which a server has room and nothing more.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := openDir(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=900m,mode=755"); err != nil {
		t.Fatalf("mount a small disk (only root may): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// openDir is a directory that PostgreSQL's user may enter; one of t.TempDir is not.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(throwaway.MemoryDir(), "chaos-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fillDisk leaves no byte, and has the server up and with room again when it heals.
func fillDisk(c *chaos) {
	resume := c.quiet()
	path := filepath.Join(c.dir, "ballast")
	file, err := os.Create(path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 1<<20); ; {
		if _, err := file.Write(block); err != nil {
			break
		}
	}
	c.heal(func() {
		if err := os.Remove(path); err != nil {
			c.t.Error(err)
		}
		if c.server.Pid() == 0 || dbtest.DB(c.t, c.dsn).PingContext(c.t.Context()) != nil {
			if err := c.server.Restart(c.t.Context()); err != nil {
				c.t.Fatal(err)
			}
		}
		c.who.reconnect()
		resume()
	})
}

// takeConnections leaves none.
func takeConnections(c *chaos) {
	resume := c.quiet()
	c.net.Cut()
	db := dbtest.DB(c.t, c.dsn)
	var taken []*sql.Conn
	take := func(ctx context.Context) {
		for {
			conn, err := db.Conn(ctx)
			if err != nil {
				return
			}
			taken = append(taken, conn)
		}
	}
	always := context.WithoutCancel(c.t.Context())
	take(always)
	ctx, enough := context.WithCancel(always)
	var taking sync.WaitGroup
	taking.Go(func() { // the server sees late that the runner's are gone, and the application gives back some that it doesn't use
		for ; ctx.Err() == nil; <-time.After(20 * time.Millisecond) {
			take(ctx)
		}
	})
	c.heal(func() {
		enough()
		taking.Wait()
		take(always) // those of the runner
		c.t.Logf("%d connections were taken", len(taken))
		c.home.must(75, "status", c.who.id())
		for _, conn := range taken {
			conn.Close()
		}
		db.Close()
		resume()
	})
}

// storm makes deadlocks until there were some and the runner has ended.
func storm(c *chaos) {
	ctx, stop := context.WithCancel(context.WithoutCancel(c.t.Context()))
	var deadlocks atomic.Int64
	var all sync.WaitGroup
	db := dbtest.DB(c.t, c.dsn)
	for i := range 4 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(i)))
			for ctx.Err() == nil {
				if err := tangle(ctx, db, c.who.table(), r); err != nil && ctx.Err() == nil {
					deadlocks.Add(1)
				}
			}
		})
	}
	waitFor(c.t, "a deadlock", func() bool { return deadlocks.Load() > 0 })
	c.heal(func() { stop(); all.Wait(); c.t.Logf("%d deadlocks", deadlocks.Load()) })
}

// tangle locks some rows one after another.
func tangle(ctx context.Context, db *sql.DB, table string, r *rand.Rand) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for range 3 {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("SELECT id FROM %s WHERE id = %d FOR UPDATE", table, 1+r.IntN(6))); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// purge kills the runner, since no server throws away what somebody reads.
func purge(c *chaos) {
	if err := c.runner.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	if c.kind.IsPostgres() {
		waitFor(c.t, "a slot that nobody reads", func() bool {
			return dbtest.Query(c.t, c.dsn, "SELECT count(*) FROM pg_replication_slots WHERE database = current_database() AND active")[0][0] == "0"
		})
		c.exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()")
		return
	}
	waitFor(c.t, "a log that nobody reads", func() bool {
		return dbtest.Query(c.t, c.dsn, "SELECT count(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'")[0][0] == "0"
	})
	c.exec("FLUSH BINARY LOGS")
	<-time.After(ride) // what the application does now is in the last log alone
	logs := dbtest.Query(c.t, c.dsn, "SHOW BINARY LOGS")
	c.exec("PURGE BINARY LOGS TO '" + logs[len(logs)-1][0] + "'")
	if left := dbtest.Query(c.t, c.dsn, "SHOW BINARY LOGS"); len(left) > 1 {
		c.t.Fatalf("not purged: %s", strings.Join(left[0], " "))
	}
}
