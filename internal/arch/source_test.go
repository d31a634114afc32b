package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/phasemig/phasemig"

// root is the repository, seen from this folder.
const root = "../.."

// file is one parsed source file.
type file struct {
	*ast.File
	path string // from the root, with slashes
	pkg  string // its folder
	test bool
}

var fset = token.NewFileSet()

// sources parses every Go file of the repository.
func sources(t *testing.T) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "bin" || strings.HasPrefix(d.Name(), ".") && p != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		out = append(out, file{f, rel, path.Dir(rel), strings.HasSuffix(p, "_test.go")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d files found: is this the repository?", len(out))
	}
	return out
}

// imports lists a file's imports; our own without the module's name.
func (f file) imports() (own, foreign []string) {
	for _, i := range f.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		if ours, ok := strings.CutPrefix(p, module+"/"); ok {
			own = append(own, ours)
		} else {
			foreign = append(foreign, p)
		}
	}
	return own, foreign
}

func (f file) at(n ast.Node) string {
	return f.path + strings.TrimPrefix(fset.Position(n.Pos()).String(), fset.Position(n.Pos()).Filename)
}

// under reports whether a folder is one of the given ones or below it.
func under(pkg string, folders ...string) bool {
	for _, d := range folders {
		if pkg == d || strings.HasPrefix(pkg, d+"/") {
			return true
		}
	}
	return false
}
