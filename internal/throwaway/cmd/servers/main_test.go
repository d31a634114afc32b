package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// required is one server, which this machine must have for the test.
func required(t *testing.T) string {
	t.Helper()
	if list := os.Getenv(requireDB); list != "" {
		kinds, err := throwaway.ParseKinds(list)
		if err != nil || len(kinds) == 0 {
			t.Skipf("no server in %s: %v", requireDB, err)
		}
		return string(kinds[len(kinds)-1])
	}
	s, err := throwaway.Start(t.Context(), throwaway.Postgres, throwaway.Options{})
	if err != nil {
		t.Skip(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return string(throwaway.Postgres)
}

func TestExitCodeAndEnvironment(t *testing.T) {
	kind, out := required(t), filepath.Join(t.TempDir(), "env")
	code, err := run([]string{"sh", "-c", "env >" + out + "; exit 3"}, kind, "")
	if code != 3 || err != nil {
		t.Fatalf("exit code %d, %v", code, err)
	}
	env, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{throwaway.Kind(kind).Variable() + "=", requireDB + "=" + kind + "\n"} {
		if !strings.Contains(string(env), want) {
			t.Errorf("no %q in the environment", want)
		}
	}
}

// TestSignal ends a command that takes the signal for a reason to clean up.
func TestSignal(t *testing.T) {
	kind, ready := required(t), filepath.Join(t.TempDir(), "ready")
	done := make(chan int, 1)
	go func() {
		code, _ := run([]string{"sh", "-c", "trap 'exit 7' TERM; touch " + ready + "; while :; do sleep 0.05; done"}, kind, "")
		done <- code
	}()
	for _, err := os.Stat(ready); err != nil; _, err = os.Stat(ready) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != 7 {
		t.Errorf("exit code %d", code)
	}
}

func TestMistakes(t *testing.T) {
	if code, err := run([]string{"true"}, "oracle", ""); code != 2 || err == nil {
		t.Errorf("unknown kind: %d, %v", code, err)
	}
	if code, err := run([]string{"true"}, "all", "1,2"); code != 2 || err == nil {
		t.Errorf("too few ports: %d, %v", code, err)
	}
}
