package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// block is a fenced block of a page.
type block struct {
	page string
	line int // of its first line
	lang string
	text string
	mark mark
}

// mark is what a comment right before a block says of it: <!-- test: not run: REASON -->, or <!-- test: on mysql -->, or
// <!-- test: both --> for PostgreSQL and MySQL. A block of SQL is run only where a mark stands before it.
type mark struct {
	notRun string // the reason
	on     []throwaway.Kind
}

var both = []throwaway.Kind{throwaway.Postgres18, throwaway.MySQL}

var markLine = regexp.MustCompile(`^<!-- test: (.*) -->$`)

func parseMark(text string) (mark, error) {
	if reason, ok := strings.CutPrefix(text, "not run: "); ok && reason != "" {
		return mark{notRun: reason}, nil
	}
	if text == "both" {
		return mark{on: both}, nil
	}
	name, ok := strings.CutPrefix(text, "on ")
	k := throwaway.Kind(name)
	if !ok || !slices.Contains(both, k) {
		return mark{}, fmt.Errorf("unknown mark %q", text)
	}
	return mark{on: []throwaway.Kind{k}}, nil
}

// pages are those that a reader follows. What a rule's page holds is made from the rules, which have tests of their own.
func pages(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../docs/*.md")
	if err != nil || len(list) < 5 {
		t.Fatalf("docs: %v, %v", list, err)
	}
	return append([]string{"../README.md", "../docs/rules/README.md", "../CONTRIBUTING.md"}, list...)
}

// blocks reads the fenced blocks of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	var open *block
	var said mark
	for i, l := range strings.Split(string(b), "\n") {
		switch fence, ok := strings.CutPrefix(strings.TrimSpace(l), "```"); {
		case ok && open == nil:
			open = &block{page: strings.TrimPrefix(page, "../"), line: i + 2, lang: fence, mark: said}
		case ok:
			out, open = append(out, *open), nil
		case open != nil:
			open.text += l + "\n"
		}
		said = mark{}
		if m := markLine.FindStringSubmatch(l); m != nil {
			if said, err = parseMark(m[1]); err != nil {
				t.Fatalf("%s:%d: %v", page, i+1, err)
			}
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block has no end", page, open.line)
	}
	return out
}

func (b block) at() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

func (b block) shell() bool { return b.lang == "sh" || b.lang == "bash" || b.lang == "console" }

var fileName = regexp.MustCompile(`^# (\w[\w.-]*\.yaml)\n`)

// file is the name of the file that the block is, as its first line says. Of phasemig.yaml pages show parts only.
func (b block) file() string {
	if m := fileName.FindStringSubmatch(b.text); m != nil && b.lang == "yaml" && m[1] != "phasemig.yaml" {
		return m[1]
	}
	return ""
}

// commands are the lines of a block as a shell takes them, continued lines joined and prompts taken off.
func (b block) commands() []string {
	var out []string
	for _, l := range strings.Split(strings.ReplaceAll(b.text, "\\\n", " "), "\n") {
		if b.lang == "console" {
			var ok bool
			if l, ok = strings.CutPrefix(l, "$ "); !ok {
				continue // output
			}
		}
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out
}

// TestDocs runs what the pages tell to type, page by page from top to bottom as a reader would, on a server of its own
// database: shell blocks, blocks that are a file, and marked blocks of SQL. A command must end with exit code 0, or with
// one that its comment names ("# exit 3 …"). Blocks that can't run here say why; their commands and flags must exist.
func TestDocs(t *testing.T) {
	for _, page := range pages(t) {
		list := blocks(t, page)
		for _, k := range both {
			mine := slices.DeleteFunc(slices.Clone(list), func(b block) bool { return !b.runs(k) })
			if !slices.ContainsFunc(mine, block.shell) {
				continue
			}
			t.Run(filepath.Base(page)+"/"+string(k), func(t *testing.T) {
				t.Parallel()
				newReader(t, k).follow(mine)
			})
		}
		for _, b := range list {
			if b.shell() {
				checkCommands(t, b)
			}
			if b.shell() && b.mark.notRun != "" {
				t.Logf("%s is not run: %s", b.at(), b.mark.notRun)
			}
		}
	}
}

// runs: PostgreSQL is where blocks run that don't name a server.
func (b block) runs(k throwaway.Kind) bool {
	switch {
	case b.mark.notRun != "":
		return false
	case b.file() != "":
		return true
	case b.mark.on != nil:
		return slices.Contains(b.mark.on, k)
	}
	return b.shell() && k == throwaway.Postgres18
}

// reader follows one page.
type reader struct {
	t   *testing.T
	h   *home
	dsn string
}

// tables are those that pages speak of without making them.
var tables = map[bool][]string{
	true: {"CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, full_name text, age integer)", "CREATE INDEX users_full_name ON users (full_name)",
		"INSERT INTO users (full_name, age) SELECT 'name ' || i, i FROM generate_series(1, 500) AS i",
		"CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number integer NOT NULL)"},
	false: {"CREATE TABLE users (id BIGINT AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(100), age INT)",
		"CREATE TABLE orders (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, number INT NOT NULL)", "INSERT INTO orders (number) VALUES (1), (2), (3)"},
}

func newReader(t *testing.T, k throwaway.Kind) *reader {
	r := &reader{t: t, dsn: dbtest.Database(t, k)}
	dbtest.Exec(t, r.dsn, tables[k.IsPostgres()]...)
	r.h = newHome(t, r.dsn)
	bin := filepath.Join(r.h.dir, ".bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(bin, "phasemig")); err != nil {
		t.Fatal(err)
	}
	r.h.write(".env", fmt.Sprintf("export PHASEMIG_DSN='%s' PATH='%s'\n", r.dsn, bin+":"+os.Getenv("PATH")))
	return r
}

func (r *reader) follow(list []block) {
	for _, b := range list {
		switch {
		case b.file() != "":
			r.h.write(b.file(), b.text)
		case b.lang == "sql":
			dbtest.Exec(r.t, r.dsn, strings.Split(strings.TrimSuffix(strings.TrimSpace(b.text), ";"), ";\n")...)
		case b.shell():
			r.run(b)
		}
		if r.t.Failed() {
			return // the rest builds on it
		}
	}
}

// addresses stand in pages for a reader's own.
var addresses = regexp.MustCompile(`(postgres|mysql)://app@\w[\w.]*(:\d+)?/shop(\?sslmode=\w+)?`)

var exitNamed = regexp.MustCompile(`#.*\bexit (\d+)`)

// run runs a block in bash, command by command, and keeps what it exports for the next one.
func (r *reader) run(b block) {
	r.t.Helper()
	script := "set -uo pipefail\nsource ./.env\n"
	for _, c := range b.commands() {
		allowed := "0"
		if m := exitNamed.FindStringSubmatch(c); m != nil {
			allowed += " " + m[1]
		}
		c = strings.ReplaceAll(addresses.ReplaceAllLiteralString(c, "'"+r.dsn+"'"), "PHASEMIG_PASSWORD=…", "PHASEMIG_PASSWORD=")
		script += fmt.Sprintf("%s\ncode=$?; case ' %s ' in *\" $code \"*) ;; *) echo \"exit $code of: \"%s >&2; exit 99;; esac\n", c, allowed, quoted(c))
	}
	script += "export -p >./.env\n"
	cmd := exec.CommandContext(r.t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = r.h.dir, clean(os.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Errorf("%s: %v\n%s", b.at(), err, out)
	}
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

var (
	call     = regexp.MustCompile(`(?:^|[|;&(]\s*|\bdo |\bif |! )(?:bin/)?phasemig ([a-z]+)([^|;&#]*)`)
	longFlag = regexp.MustCompile(`(?:^|\s)(--?[a-z][a-z-]*)`)
	quotes   = regexp.MustCompile(`"[^"]*"|'[^']*'`)
)

// checkCommands: each command of the program in a block exists, with each of its flags.
func checkCommands(t *testing.T, b block) {
	t.Helper()
	for _, c := range b.commands() {
		for _, m := range call.FindAllStringSubmatch(quotes.ReplaceAllString(c, "x"), -1) {
			if m[1] == "help" {
				continue
			}
			help, ok := helpOf(m[1])
			if !ok {
				t.Errorf("%s: there is no command %s", b.at(), m[1])
			}
			for _, f := range longFlag.FindAllStringSubmatch(m[2], -1) {
				if !regexp.MustCompile(regexp.QuoteMeta(f[1])+`\b`).MatchString(help) && f[1] != "--help" {
					t.Errorf("%s: phasemig %s has no flag %s", b.at(), m[1], f[1])
				}
			}
		}
	}
}

var helps = map[string]string{}

func helpOf(command string) (string, bool) {
	if text, ok := helps[command]; ok {
		return text, text != ""
	}
	out, err := exec.Command(program, command, "--help").Output()
	if err != nil {
		out = nil
	}
	helps[command] = string(out)
	return string(out), err == nil
}

// TestDocsLinks: a link to a file of the repository leads there.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	for _, page := range pages(t) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
			}
		}
	}
}
