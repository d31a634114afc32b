package arch

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// goFiles may start goroutines by the go statement, each for the reason given.
// Everything else blocks in a Run method, and its caller puts it into an errgroup.
var goFiles = map[string]string{
	"internal/throwaway/process.go":          "a server's process is reaped while its owner goes on",
	"internal/throwaway/cmd/servers/main.go": "signals are passed on while the command is waited for",
	"dialect/sqlstate/statetest/lease.go":    "a second runner asks for the lease while the first one holds it",
}

func TestGoStatements(t *testing.T) {
	used := map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				used[f.path] = true
				if goFiles[f.path] == "" {
					t.Errorf("%s: a goroutine is started in a file that isn't in goFiles", f.at(g))
				}
			}
			return true
		})
	}
	for _, p := range slices.Sorted(maps.Keys(goFiles)) {
		if !used[p] {
			t.Errorf("goFiles: %s starts none", p)
		}
	}
}

// TestNoInit: what an import does by itself depends on the order of imports.
func TestNoInit(t *testing.T) {
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !f.test {
				t.Errorf("%s: init function", f.at(fn))
			}
		}
	}
}

// TestExitOnlyInMain: os.Exit skips deferred calls, so only main may call it.
func TestExitOnlyInMain(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.Name.Name == "main" {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Exit" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" {
					t.Errorf("%s: os.Exit outside main", f.at(s))
				}
			}
			return true
		})
	}
}

func TestPackageComments(t *testing.T) {
	said := map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		want := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			want = "Command "
		}
		said[f.pkg] = said[f.pkg] || f.Doc != nil && strings.HasPrefix(f.Doc.Text(), want)
	}
	for _, pkg := range slices.Sorted(maps.Keys(said)) {
		if !said[pkg] {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}
