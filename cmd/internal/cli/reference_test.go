package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestReference: docs/reference.md says what the code says. -update writes it anew.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "reference.md")
	want := reference((&program{}).commands())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what the commands say (%v): go test ./cmd/internal/cli -run Reference -update", path, err)
	}
}

// reference is the page of all commands and flags.
func reference(list []*cli.Command) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("<!-- Made from the code by `go test ./cmd/internal/cli -run Reference -update`. -->\n\n# Reference of commands\n\n")
	p("A flag may stand before or behind the argument, and as `--flag value` or `--flag=value`. Exit codes are in the [README](../README.md#exit-codes),\nsettings of `phasemig.yaml` in the file that `phasemig init` writes.\n")
	group := ""
	for _, c := range list {
		if c.Category != group {
			group = c.Category
			p("\n**%s**\n\n", strings.TrimSuffix(group, ":"))
		}
		p("- [%s](#%s): %s\n", c.Name, c.Name, c.Usage)
	}
	for _, c := range list {
		p("\n## %s\n\n%s.\n\n```\nphasemig %s\n```\n", c.Name, sentence(c.Usage), strings.TrimSpace(c.Name+" "+c.ArgsUsage))
		if c.Description != "" {
			p("\n%s\n", strings.ReplaceAll(c.Description, "<", "&lt;"))
		}
		if len(c.Flags) == 0 {
			continue
		}
		p("\n| flag | | default |\n|---|---|---|\n")
		for _, f := range c.Flags {
			p("%s", flagRow(f.(cli.DocGenerationFlag), f.Names()))
		}
	}
	return b.String()
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func flagRow(f cli.DocGenerationFlag, names []string) string {
	var shown []string
	value, usage := "", f.GetUsage()
	if _, rest, ok := strings.Cut(usage, "`"); ok {
		value, _, _ = strings.Cut(rest, "`")
		usage = strings.ReplaceAll(usage, "`", "")
	}
	for _, n := range names {
		dash := "--"
		if len(n) == 1 {
			dash = "-"
		}
		shown = append(shown, "`"+strings.TrimSpace(dash+n+" "+value)+"`")
	}
	def := ""
	if f.TakesValue() {
		def = strings.Trim(f.GetDefaultText(), `"`)
	}
	return fmt.Sprintf("| %s | %s | %s |\n", strings.Join(shown, ", "), cellText(usage), cellText(def))
}

func cellText(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(s)
}
