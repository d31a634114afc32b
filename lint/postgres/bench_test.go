package postgres

import (
	"fmt"
	"testing"

	"github.com/phasemig/phasemig/lint"
)

// BenchmarkThousandFiles is the promise: 1,000 files of 10 statements in less than two seconds.
func BenchmarkThousandFiles(b *testing.B) {
	d := Dialect()
	for b.Loop() {
		var files []*lint.File
		for i := range 1000 {
			text := ""
			for k := range 5 {
				text += fmt.Sprintf("ALTER TABLE t%d_%d ADD COLUMN c%d integer NOT NULL DEFAULT 0;\nCREATE TABLE x%d_%d (id bigint PRIMARY KEY, a text NOT NULL, b timestamptz DEFAULT now());\n", i, k, k, i, k)
			}
			f, _ := lint.NewFile(d, fmt.Sprintf("%04d.sql", i), text, lint.Reading{})
			files = append(files, f)
		}
		if r := lint.Check(d, files, lint.Options{}); r.Statements != 10_000 {
			b.Fatalf("%d statements", r.Statements)
		}
	}
}
