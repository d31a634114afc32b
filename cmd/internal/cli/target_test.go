package cli

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/urfave/cli/v2"
)

const targetConfig = `
default_environment: prod
environments:
  prod:
    dsn: postgres://app@prod/shop
    password_env: PROD
    replicas:
      r1: {dsn: "postgres://app@r1/shop"}
      r2: {dsn: "postgres://app@r2/shop", password_env: R2}
      r3: {dsn: "postgres://reader:own@r3/shop"}
`

func targetOf(t *testing.T, env map[string]string, args ...string) (*target, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "phasemig.yaml")
	if err := os.WriteFile(path, []byte(targetConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &program{Host: Host{Getenv: func(k string) string { return env[k] }}}
	var got *target
	a := cli.NewApp()
	a.Writer, a.ErrWriter, a.DisableSliceFlagSeparator = io.Discard, io.Discard, true
	a.Flags = slices.Concat(targetFlags(), []cli.Flag{replicaFlag()})
	a.ExitErrHandler = func(*cli.Context, error) {}
	a.Action = func(c *cli.Context) (err error) { got, err = p.target(c); return err }
	err := a.RunContext(t.Context(), slices.Concat([]string{"phasemig", "--config", path}, args))
	return got, err
}

// TestReplicas: a replica has its own password, else the URL's, else that of its
// primary; --replica wins over the file.
func TestReplicas(t *testing.T) {
	env := map[string]string{"PROD": "p@w", "R2": "two", "PHASEMIG_PASSWORD": "general"}
	got, err := targetOf(t, env, "--replica", "r1=postgres://app@h1,h2/shop", "--replica", "r4=postgres://app@r4/shop")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"r1": "postgres://app:p%40w@h1,h2/shop", "r2": "postgres://app:two@r2/shop", "r3": "postgres://reader:own@r3/shop", "r4": "postgres://app:p%40w@r4/shop"}
	if got.dsn != "postgres://app:p%40w@prod/shop" || !maps.Equal(got.replicas, want) {
		t.Errorf("%s, %v", got.dsn, got.replicas)
	}
	got, err = targetOf(t, env, "--dsn", "mysql://app@db/shop")
	if err != nil || got.dsn != "mysql://app:general@db/shop" || len(got.replicas) != 0 {
		t.Errorf("with --dsn: %+v, %v", got, err)
	}
	for _, bad := range []string{"r1", "=postgres://h/d", "r1=h"} {
		if _, err := targetOf(t, env, "--replica", bad); classify(t.Context(), err).exit != exitUsage {
			t.Errorf("--replica %s: %v", bad, err)
		}
	}
}
