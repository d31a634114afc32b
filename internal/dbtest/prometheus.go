package dbtest

import (
	"context"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Prometheus starts a Prometheus for the rest of the test. Where tests must run on all servers (PHASEMIG_REQUIRE_DB), it is
// required, too.
func Prometheus(t testing.TB) *throwaway.Prometheus {
	t.Helper()
	required := Required(string(throwaway.Postgres18))
	p, err := throwaway.StartPrometheus(t.Context(), throwaway.Options{AllowInstall: required, Dir: throwaway.MemoryDir()})
	if err != nil {
		without(t, required, err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop Prometheus: %v", err)
		}
	})
	return p
}
