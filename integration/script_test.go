package integration

import (
	"encoding/json"
	"errors"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
)

// TestScript runs what users type, as scripts, on every server. Besides the
// commands of testscript a script has
//
//	phasemig CODE ARGUMENT...   the real program; it must end with the exit code
//	sql STATEMENT...            run on the script's own database
//	rows QUERY WANT             the rows of a query, joined by "," and "|"
//	users N                     the tables of package traffic with N rows
//	schema save|same            remember the table users; fail if it isn't the same any more
//	field NAME PATH             set a variable to a value of the last stdout, which is JSON
//	as USER                     go on as another user of the server
//
// and the conditions [postgres], [mysql], [mariadb], [mysqls] for the last two, and [sample] for the newest server of each
// family, and for all of them in the long form.
func TestScript(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		testscript.Run(t, testscript.Params{
			Dir:                 "testdata/script",
			RequireExplicitExec: true,
			RequireUniqueNames:  true,
			Setup:               func(e *testscript.Env) error { return setUp(k, e) },
			Condition:           func(c string) (bool, error) { return condition(k, c) },
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"phasemig": scriptPhasemig, "phasemig-ok": scriptOK, "sql": scriptSQL, "rows": scriptRows, "users": scriptUsers,
				"schema": scriptSchema, "field": scriptField, "as": scriptAs,
			},
		})
	})
}

// stage is what a script works on.
type stage struct {
	t     testing.TB // of the one script
	kind  throwaway.Kind
	dsn   string
	saved []string
}

type stageKey struct{}

func setUp(k throwaway.Kind, e *testscript.Env) error {
	t := e.T().(testing.TB)
	st := &stage{t: t, kind: k, dsn: dbtest.Database(t, k)}
	e.Values[stageKey{}] = st
	u, err := url.Parse(st.dsn)
	if err != nil {
		return err
	}
	e.Setenv("PHASEMIG_DSN", st.dsn)
	e.Setenv("DATABASE", strings.TrimPrefix(u.Path, "/"))
	e.Setenv("ADDRESS", u.Host)
	e.Setenv("SCHEME", u.Scheme)
	e.Setenv("SUPERUSER", u.User.Username())
	return nil
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func condition(k throwaway.Kind, c string) (bool, error) {
	switch c {
	case "postgres":
		return k.IsPostgres(), nil
	case "postgres18":
		return k == throwaway.Postgres18, nil
	case "mysqls":
		return !k.IsPostgres(), nil
	case "mysql":
		return k == throwaway.MySQL, nil
	case "mariadb":
		return k == throwaway.MariaDB, nil
	case "sample": // one server of each dialect, or all in the long form
		return sampled(k), nil
	case "long":
		return long(), nil
	}
	return false, errors.New("unknown condition " + c)
}

func scriptPhasemig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: phasemig CODE ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(program, args[1:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("phasemig %s: exit %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// scriptOK is for scripts that only ask whether it went through.
func scriptOK(ts *testscript.TestScript, neg bool, args []string) {
	if err := ts.Exec(program, args...); (err == nil) == neg {
		ts.Fatalf("phasemig %s: %v", strings.Join(args, " "), err)
	}
}

func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	db, err := dbtest.Open(stageOf(ts).dsn)
	ts.Check(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, q := range args {
		q = expand(ts, q)
		_, err := db.Exec(q)
		if neg && err == nil {
			ts.Fatalf("%s: the server took it", q)
		}
		if !neg && err != nil {
			ts.Fatalf("%s: %v", q, err)
		}
	}
}

var variable = regexp.MustCompile(`\$\{\w+\}`)

// expand fills ${NAME} inside quotes, where testscript leaves it alone.
func expand(ts *testscript.TestScript, s string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string { return ts.Getenv(v[2 : len(v)-1]) })
}

func scriptRows(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: rows QUERY WANT")
	}
	var out []string
	for _, r := range dbtest.Query(stageOf(ts).t, stageOf(ts).dsn, expand(ts, args[0])) {
		out = append(out, strings.Join(r, ","))
	}
	if got := strings.Join(out, "|"); (got == args[1]) == neg {
		ts.Fatalf("%s: got %q, want %q", args[0], got, args[1])
	}
}

func scriptUsers(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	st := stageOf(ts)
	db, err := dbtest.Open(st.dsn)
	ts.Check(err)
	defer db.Close()
	ts.Check(traffic.Create(st.t.Context(), db, st.dsn, n))
}

func scriptSchema(ts *testscript.TestScript, _ bool, args []string) {
	st := stageOf(ts)
	now := describe(st.t, st.kind, st.dsn, "users")
	if args[0] == "save" {
		st.saved = now
		return
	}
	if got, want := strings.Join(now, "\n"), strings.Join(st.saved, "\n"); got != want {
		ts.Fatalf("the table was changed:\n%s\n--- it was:\n%s", got, want)
	}
}

func scriptField(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: field NAME PATH")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		ts.Fatalf("stdout is no JSON document: %v", err)
	}
	for _, p := range strings.Split(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[p]
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i >= len(at) {
				ts.Fatalf("%s: there is no %q", args[1], p)
			}
			v = at[i]
		default:
			ts.Fatalf("%s: there is no %q", args[1], p)
		}
	}
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		ts.Check(err)
		text = string(b)
	}
	ts.Setenv(args[0], text)
}

func scriptAs(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(stageOf(ts).dsn)
	ts.Check(err)
	u.User = url.UserPassword(args[0], "secret-of-"+args[0])
	ts.Setenv("PHASEMIG_DSN", u.String())
}
