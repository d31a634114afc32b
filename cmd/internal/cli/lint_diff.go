package cli

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
)

// difference holds the lines that a branch adds, by file. A new file has all of its lines.
type difference struct {
	lines map[string][][2]int
}

var hunk = regexp.MustCompile(`^@@ -\S+ \+(\d+)(?:,(\d+))? @@`)

// differenceTo asks git what the working tree adds to the point where the branch left ref. Files that git doesn't
// know yet are added as a whole.
func differenceTo(ctx context.Context, ref string) (*difference, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, usagef("--diff-against %q is no ref", ref)
	}
	base, err := git(ctx, "merge-base", ref, "HEAD")
	if err != nil {
		return nil, err
	}
	text, err := git(ctx, "diff", "--unified=0", "--no-color", "--no-ext-diff", "--relative", "--src-prefix=a/", "--dst-prefix=b/", strings.TrimSpace(base), "--")
	if err != nil {
		return nil, err
	}
	d := &difference{lines: map[string][][2]int{}}
	d.parse(text)
	fresh, err := git(ctx, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	for f := range strings.SplitSeq(fresh, "\x00") {
		if f != "" {
			d.lines[f] = [][2]int{{1, 1 << 30}}
		}
	}
	return d, nil
}

func git(ctx context.Context, args ...string) (string, error) {
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, "git", append([]string{"-c", "core.quotePath=false"}, args...)...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		reason := strings.TrimSpace(errs.String())
		if reason == "" {
			reason = err.Error()
		}
		return "", &plans.InputError{What: "git " + args[0], Reason: reason, Hint: "--diff-against wants a ref that this clone holds; fetch it first (in CI: fetch-depth: 0)"}
	}
	return out.String(), nil
}

func (d *difference) parse(text string) {
	file := ""
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n")
		if name, ok := strings.CutPrefix(l, "+++ b/"); ok {
			file = strings.TrimRight(name, "\t")
			continue
		}
		m := hunk.FindStringSubmatch(l)
		if m == nil || file == "" {
			continue
		}
		from, _ := strconv.Atoi(m[1])
		n := 1
		if m[2] != "" {
			n, _ = strconv.Atoi(m[2])
		}
		if n > 0 {
			d.lines[file] = append(d.lines[file], [2]int{from, from + n - 1})
		}
	}
}

func (d *difference) of(path string) [][2]int {
	if filepath.IsAbs(path) {
		if rel, err := relativeToHere(path); err == nil {
			path = rel
		}
	}
	return d.lines[filepath.ToSlash(filepath.Clean(path))]
}

func relativeToHere(path string) (string, error) {
	here, err := filepath.Abs(".")
	if err != nil {
		return "", fmt.Errorf("find the working directory: %w", err)
	}
	return filepath.Rel(here, path)
}

func (d *difference) touches(path string) bool { return len(d.of(path)) > 0 }

// adds reports whether the statement of a finding has a line that the branch adds.
func (d *difference) adds(x lint.Finding, files []*lint.File) bool {
	last := x.Line
	for _, f := range files {
		if f.Path == x.File {
			n, _ := f.Position(x.Offset + max(x.Length-1, 0))
			last = max(last, n)
		}
	}
	for _, r := range d.of(x.File) {
		if x.Line <= r[1] && last >= r[0] {
			return true
		}
	}
	return false
}
