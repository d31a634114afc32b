package arch

import (
	"encoding/json"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGoInstall: `go install module/cmd/phasemig@latest` takes a main package of this module as it is published, and
// refuses a go.mod that replaces or excludes anything.
func TestGoInstall(t *testing.T) {
	mod := read(t, "go.mod")
	if !strings.HasPrefix(mod, "module "+module+"\n") {
		t.Error("go.mod names another module")
	}
	if m := regexp.MustCompile(`(?m)^(replace|exclude|toolchain)\b.*`).FindString(mod); m != "" {
		t.Errorf("go.mod: %s", m)
	}
	if _, err := os.Stat(filepath.Join(root, "vendor")); err == nil {
		t.Error("there is a vendor folder")
	}
	for _, f := range sources(t) {
		if f.pkg == "cmd/phasemig" && f.Name.Name != "main" {
			t.Errorf("%s is no main package", f.path)
		}
	}
	if !strings.Contains(read(t, "README.md"), "go install "+module+"/cmd/phasemig@latest") {
		t.Error("README.md doesn't say how to install it")
	}
}

// stamp is the variable that both ways of building set.
var stamp = regexp.MustCompile(`-X (\S+)\.(\w+)=`)

// checkStamp: the linker says nothing about a variable that isn't there.
func checkStamp(t *testing.T, name, flags string) {
	t.Helper()
	m := stamp.FindStringSubmatch(flags)
	if m == nil {
		t.Fatalf("%s: no version is stamped in: %s", name, flags)
	}
	pkg, ok := strings.CutPrefix(m[1], module+"/")
	for _, f := range sources(t) {
		if !ok || f.pkg != pkg || f.test {
			continue
		}
		for _, d := range f.Decls {
			if g, is := d.(*ast.GenDecl); is && slices.ContainsFunc(g.Specs, func(s ast.Spec) bool { return isString(s, m[2]) }) {
				return
			}
		}
	}
	t.Errorf("%s: there is no variable %s.%s", name, m[1], m[2])
}

func isString(s ast.Spec, name string) bool {
	v, ok := s.(*ast.ValueSpec)
	if !ok || len(v.Names) != 1 || v.Names[0].Name != name || len(v.Values) > 0 {
		return false
	}
	typ, ok := v.Type.(*ast.Ident)
	return ok && typ.Name == "string"
}

// TestGoreleaser: what .goreleaser.yaml names is there.
func TestGoreleaser(t *testing.T) {
	var c struct {
		Version int
		Builds  []struct {
			Main, Binary string
			Goos, Goarch []string
			Env          []string
			Ldflags      []string
			Tags         []string
		}
		Archives []struct{ Files []string }
		Before   struct{ Hooks []string }
		Checksum map[string]string
	}
	if err := yaml.Unmarshal([]byte(read(t, ".goreleaser.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	if c.Version != 2 || len(c.Builds) != 1 || len(c.Archives) != 1 || c.Checksum["name_template"] == "" {
		t.Fatalf("not the parts that were looked for: %+v", c)
	}
	b := c.Builds[0]
	if _, err := os.Stat(filepath.Join(root, b.Main, "main.go")); err != nil {
		t.Error(err)
	}
	checkStamp(t, ".goreleaser.yaml", strings.Join(b.Ldflags, " "))
	if !slices.Contains(b.Env, "CGO_ENABLED=1") || !strings.Contains(strings.Join(b.Ldflags, " "), "-static") || !slices.Contains(b.Tags, "netgo") {
		t.Error("the parser is C and the images have no libc: cgo, static, netgo")
	}
	for _, pattern := range c.Archives[0].Files {
		if strings.HasPrefix(pattern, "completions/") { // made by the hook
			if !strings.Contains(strings.Join(c.Before.Hooks, "\n"), "completion $s > completions/") {
				t.Error("nothing makes the completions")
			}
			continue
		}
		if found, err := filepath.Glob(filepath.Join(root, strings.ReplaceAll(pattern, "**/", ""))); err != nil || len(found) == 0 {
			t.Errorf("archives: %s is not there", pattern)
		}
	}
}

// TestDockerfile reads it instruction by instruction: Go is new enough, the version is stamped in, nothing of the
// build is left, and what it runs is what was copied, without root.
func TestDockerfile(t *testing.T) {
	steps := instructions(read(t, "Dockerfile"))
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	if from := steps[0]; !strings.HasPrefix(from, "FROM golang:"+goVersion+"-") {
		t.Errorf("%s, and go.mod wants go %s", from, goVersion)
	}
	last, entry, copied, user := "", []string{}, "", ""
	for _, s := range steps {
		word, rest, _ := strings.Cut(s, " ")
		switch word {
		case "FROM":
			last = rest
		case "RUN":
			if strings.Contains(rest, "go build") {
				checkStamp(t, "Dockerfile", rest)
				if !strings.Contains(rest, "-static") || !strings.HasSuffix(rest, " ./cmd/phasemig") {
					t.Errorf("build: %s", rest)
				}
			}
		case "COPY":
			f := strings.Fields(rest)
			copied = f[len(f)-1]
		case "USER":
			user = rest
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(rest), &entry); err != nil {
				t.Errorf("ENTRYPOINT in the form of a shell, and there is none: %v", err)
			}
		case "WORKDIR", "ARG":
		default:
			t.Errorf("unknown instruction %s", s)
		}
	}
	if !strings.Contains(last, "/distroless/static") || len(entry) != 1 || entry[0] != copied || !regexp.MustCompile(`^[1-9]\d*(:\d+)?$`).MatchString(user) {
		t.Errorf("runs %v of %s in %s as %q", entry, copied, last, user)
	}
	// What the program embeds must reach the build.
	for _, l := range strings.Fields(read(t, ".dockerignore")) {
		for _, f := range sources(t) {
			if !f.test && strings.HasPrefix(f.path, l+"/") {
				t.Errorf(".dockerignore leaves out %s", f.path)
			}
		}
	}
}

// instructions joins continued lines and leaves comments out.
func instructions(text string) []string {
	text = regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
