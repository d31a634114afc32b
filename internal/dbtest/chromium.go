package dbtest

import (
	"os"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Chromium is the program of a browser. Where tests must run on all servers (PHASEMIG_REQUIRE_DB), it is required, too.
func Chromium(t testing.TB) string {
	t.Helper()
	required := Required(string(throwaway.Postgres18))
	path, err := throwaway.Chromium(t.Context(), throwaway.Options{AllowInstall: required, Log: os.Stderr})
	if err != nil {
		without(t, required, err)
	}
	return path
}
