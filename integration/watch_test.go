package integration

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// TestWatchAndReport: while one process carries a run out another one shows it from the state alone; in the end the
// samples make curves in the report, of which there is a bounded number.
func TestWatchAndReport(t *testing.T) {
	for _, k := range both {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.Database(t, k)
			dbtest.Exec(t, dsn, tables[k.IsPostgres()][0])
			dbtest.Exec(t, dsn, manyUsers[k.IsPostgres()]...)
			h := newHome(t, dsn)
			h.write("rename.yaml", "name: watched\noperations:\n  - rename_column: {table: users, from: full_name, to: display_name}\nreplicas: none\n")
			h.must(0, "plan", "--change", "rename.yaml", "-o", "plan.json")
			runner := h.start("apply", "plan.json", "--phase", "expand", "--max-rate", "2500", "--output", "jsonl")
			says(t, runner.out, `"event":"sampled"`)
			watcher := h.start("status", "plan.json", "--watch")
			says(t, watcher.err, "backfill")
			h.must(64, "status", "plan.json", "--watch", "--output", "json")
			runner.wait().want(t, 0)
			watcher.signal(os.Interrupt)
			seen := watcher.wait()
			seen.want(t, 0)
			if !strings.Contains(seen.stderr, "watched · expand · expanding · expand.") || !strings.Contains(seen.stdout, "expanded") || strings.Contains(seen.stderr, "\x1b") {
				t.Errorf("the watcher said\n%s\n%s", seen.stderr, seen.stdout)
			}
			doc := document[drawnReport](t, h.must(0, "report", "plan.json", "-o", "report.html", "--output", "json"))
			if n := len(doc.Samples); n < 2 || n > 360 || !doc.Whole || !strings.HasSuffix(doc.Samples[0].Step, "backfill") {
				t.Errorf("%d samples, whole %v", n, doc.Whole)
			}
			page := h.read("report.html")
			for _, part := range []string{"Throughput", "Sessions that wait for locks", "<svg", "gate</th>", "preflight", "the chain is whole"} {
				if !strings.Contains(page, part) {
					t.Errorf("report.html holds no %q", part)
				}
			}
			h.must(0, "rollback", "plan.json", "--all")
			h.must(0, "cleanup", "plan.json")
			h.must(1, "report", "plan.json")
		})
	}
}

type drawnReport struct {
	Samples []struct {
		Step string
		Rows int64
	}
	Whole bool `json:"evidence_whole"`
}

// says waits until a process has written some words.
func says(t *testing.T, out *tail, words string) {
	t.Helper()
	limit := time.After(patience)
	for {
		out.mu.Lock()
		text, more := out.text.String(), out.more
		out.mu.Unlock()
		if strings.Contains(text, words) {
			return
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("nothing said %q:\n%s", words, text)
		}
	}
}

var manyUsers = map[bool][]string{
	true:  {"INSERT INTO users (full_name) SELECT 'name ' || i FROM generate_series(1, 8000) AS i"},
	false: {"INSERT INTO users (full_name) SELECT 'name' FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90) SELECT a.i FROM n a, n b) AS x"},
}
