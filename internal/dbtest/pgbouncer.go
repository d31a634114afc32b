package dbtest

import (
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// PgBouncer starts a PgBouncer with transaction pooling in front of a server for the rest of the test. Its
// DSN(name) leads to the server's database of that name.
func PgBouncer(t testing.TB, upstream *throwaway.Server, settings ...string) *throwaway.Server {
	t.Helper()
	required := Required(string(upstream.Kind()))
	s, err := throwaway.StartPgBouncer(t.Context(), upstream, throwaway.Options{Settings: settings, AllowInstall: required})
	switch {
	case err != nil && required:
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
	stopAfter(t, s)
	return s
}
