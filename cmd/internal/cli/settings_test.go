package cli

import (
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/throttle"
)

// configOf is what apply hands to the engine for these flags and this phasemig.yaml.
func configOf(t *testing.T, file string, args ...string) (engine.Config, error) {
	t.Helper()
	config, err := parseConfig([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	var got engine.Config
	a := cli.NewApp()
	a.Writer, a.ErrWriter = io.Discard, io.Discard
	a.Flags = slices.Concat(paceFlags(), lockFlags())
	a.ExitErrHandler = func(*cli.Context, error) {}
	a.Action = func(c *cli.Context) error {
		var err error
		got, err = engineConfig(c, &target{config: config})
		return err
	}
	return got, a.RunContext(t.Context(), append([]string{"phasemig"}, args...))
}

// TestFlagsOverruleTheFile: each flag arrives, zero is a value, and what is not
// given is the file's.
func TestFlagsOverruleTheFile(t *testing.T) {
	const file = `
backfill: {workers: 4, chunk_rows: 10, chunk_target: 50ms, max_rate: 100, max_lag: 2s, max_latency: 5ms, max_active: 7}
locks: {wait: 500ms, budget: 1m, kill_blockers: true}
throttle:
  max_load: Threads_running=25
  critical_load: Threads_running=90,Threads_connected=500
  http: {url: "https://freno/check", timeout: 3s, headers: {A: b}, header_env: {C: D}}
  query: SELECT 1
  flag_file: /tmp/hold
`
	fromFile, err := configOf(t, file)
	want := engine.Config{Workers: 4, ChunkRows: 10, ChunkTarget: 50 * time.Millisecond, MaxRate: 100, MaxLag: 2 * time.Second, MaxLatency: 5 * time.Millisecond,
		MaxActive: 7, MaxLoad: "Threads_running=25", CriticalLoad: "Threads_running=90,Threads_connected=500", Query: "SELECT 1", FlagFile: "/tmp/hold",
		HTTP:     throttle.HTTP{URL: "https://freno/check", Timeout: 3 * time.Second, Headers: map[string]string{"A": "b"}, HeaderEnv: map[string]string{"C": "D"}},
		LockWait: 500 * time.Millisecond, LockBudget: time.Minute, KillBlockers: true}
	if err != nil || !reflect.DeepEqual(fromFile, want) {
		t.Errorf("from the file: %v\n got %+v\nwant %+v", err, fromFile, want)
	}
	fromFlags, err := configOf(t, file, "--workers=1", "--chunk-rows=20", "--chunk-target=60ms", "--max-rate=0", "--max-lag=3s", "--max-latency=6ms",
		"--max-active=8",
		"--max-load=Threads_running=5,A=1", "--critical-load=", "--throttle-http=http://other/check", "--throttle-query=SELECT 2", "--throttle-flag-file=", "--lock-wait=700ms", "--lock-budget=2m", "--kill-blockers=false")
	want = engine.Config{Workers: 1, ChunkRows: 20, ChunkTarget: 60 * time.Millisecond, MaxRate: 0, MaxLag: 3 * time.Second, MaxLatency: 6 * time.Millisecond,
		MaxActive: 8, MaxLoad: "Threads_running=5,A=1", Query: "SELECT 2",
		HTTP:     throttle.HTTP{URL: "http://other/check", Timeout: 3 * time.Second, Headers: map[string]string{"A": "b"}, HeaderEnv: map[string]string{"C": "D"}},
		LockWait: 700 * time.Millisecond, LockBudget: 2 * time.Minute}
	if err != nil || !reflect.DeepEqual(fromFlags, want) {
		t.Errorf("from flags: %v\n got %+v\nwant %+v", err, fromFlags, want)
	}
}

func TestLimitsOfFlags(t *testing.T) {
	for _, arg := range []string{"--workers=-1", "--chunk-target=1s", "--max-rate=-5", "--lock-wait=-1s", "--max-load=Threads_running", "--critical-load=a=-1", "--throttle-http=freno"} {
		_, err := configOf(t, "", arg)
		if got := classify(t.Context(), err).exit; err == nil || got != exitUsage {
			t.Errorf("%s: %v, exit %d", arg, err, got)
		}
	}
}
