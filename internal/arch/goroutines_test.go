package arch

import (
	"go/ast"
	"testing"
)

// TestGoroutinesAreCounted: the tests of a package that starts goroutines look at their end for some that are
// left, by goleak or by dbtest.Main.
func TestGoroutinesAreCounted(t *testing.T) {
	starts, tested, counted := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			tested[f.pkg] = true
			counted[f.pkg] = counted[f.pkg] || calls(f.File, "goleak", "VerifyTestMain") || calls(f.File, "goleak", "Find") || calls(f.File, "dbtest", "Main")
			continue
		}
		starts[f.pkg] = starts[f.pkg] || startsGoroutine(f.File)
	}
	for pkg := range starts {
		if starts[pkg] && tested[pkg] && !counted[pkg] {
			t.Errorf("package %s starts goroutines, and its tests don't look for leaked ones: call goleak.VerifyTestMain or dbtest.Main in TestMain", pkg)
		}
	}
}

func calls(f *ast.File, pkg, name string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == name {
			x, ok := s.X.(*ast.Ident)
			found = found || ok && x.Name == pkg
		}
		return true
	})
	return found
}

// startsGoroutine finds go statements, and calls x.Go(f) of groups that start one.
func startsGoroutine(f *ast.File) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			found = found || ok && s.Sel.Name == "Go"
		}
		return true
	})
	return found
}
