package throwaway_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestContainer makes images of the unpacked servers, which are started like the official ones, so it needs
// a Docker engine but no registry. Since it may have to install and start that engine, it runs only where
// PHASEMIG_REQUIRE_DB names docker, and then it must pass.
func TestContainer(t *testing.T) {
	if !slices.Contains(strings.Split(os.Getenv("PHASEMIG_REQUIRE_DB"), ","), "docker") {
		t.Skip("docker is not in PHASEMIG_REQUIRE_DB")
	}
	script(t, "install", "docker")
	t.Setenv("PHASEMIG_DOCKER", "1")
	t.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true") // it would have to be pulled
	for _, k := range throwaway.Kinds() {
		t.Run(string(k), func(t *testing.T) {
			image := "phasemig/" + string(k) + ":unpacked"
			script(t, "import", string(k), image)
			t.Cleanup(func() { docker(t, "image", "rm", image) })
			t.Setenv("PHASEMIG_IMAGE_"+strings.ToUpper(string(k)), image)
			testContainer(t, k)
		})
	}
}

func testContainer(t *testing.T, k throwaway.Kind) {
	s := start(t, k, throwaway.Options{Settings: []string{"max_connections=77"}})
	shop(t, s)
	if s.Kind() != k || s.Pid() == 0 || s.Version() == "" {
		t.Errorf("kind %s, pid %d, version %q", s.Kind(), s.Pid(), s.Version())
	}
	if _, err := throwaway.Start(t.Context(), k, throwaway.Options{ReplicaOf: s}); err == nil {
		t.Error("a replica started in a container")
	}
	addr := s.Addr()
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		begin := time.Now()
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("restarted in %v", time.Since(begin).Round(10*time.Millisecond))
		if got := get(t, s, "SELECT count(*) FROM item"); got != "1" || s.Addr() != addr {
			t.Errorf("after the restart: %s rows at %s", got, s.Addr())
		}
	}
}

func script(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "../../scripts/servers.sh", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("servers.sh %v: %v\n%s", args, err, out)
	}
}

func docker(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
		t.Errorf("docker %v: %v\n%s", args, err, out)
	}
}
