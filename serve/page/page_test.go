package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// TestFiles: each file comes with its type and the policy, and nothing else is found.
func TestFiles(t *testing.T) {
	kinds := map[string]string{"/": "text/html", "/app.js": "text/javascript", "/view.js": "text/javascript", "/style.css": "text/css", "/icon.svg": "image/svg+xml"}
	for path, kind := range kinds {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		h := w.Header()
		if w.Code != 200 || !strings.HasPrefix(h.Get("Content-Type"), kind) || h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
		if !Known(path) {
			t.Errorf("%s isn't known", path)
		}
	}
	for _, path := range []string{"/nothing", "/v1/environments", "/../page.go", "/static"} {
		if Known(path) {
			t.Errorf("%s is known", path)
		}
	}
}

var (
	outside = regexp.MustCompile(`(?i)https?:|//[a-z0-9-]+\.[a-z]`)
	inline  = regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|<style|\son[a-z]+=|\sstyle=|javascript:|innerHTML|insertAdjacentHTML|document\.write|\beval\(|localStorage|sessionStorage|document\.cookie`)
	names   = regexp.MustCompile(`http://www\.w3\.org/2000/svg`) // the name of a vocabulary, which nobody fetches
)

// TestNothingFromOutside: no file names another host, holds code or style that the policy would stop, writes markup from
// text, or keeps the token anywhere.
func TestNothingFromOutside(t *testing.T) {
	err := fs.WalkDir(files, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		for i, line := range strings.Split(string(b), "\n") {
			if inline.MatchString(line) || outside.MatchString(names.ReplaceAllString(line, "")) {
				t.Errorf("%s:%d: %s", path, i+1, line)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	byID     = regexp.MustCompile(`get\("([a-z-]+)"\)`)
	filled   = regexp.MustCompile(`fill\("([a-z-]+)"`)
	declared = regexp.MustCompile(`\sid="([a-z-]+)"`)
	pointed  = regexp.MustCompile(`(?:for|aria-labelledby|aria-describedby)="([a-z -]+)"`)
)

// TestIDs: every element that scripts and labels point at is in the document, once.
func TestIDs(t *testing.T) {
	html, err := fs.ReadFile(files, "static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, m := range declared.FindAllStringSubmatch(string(html), -1) {
		if ids[m[1]]++; ids[m[1]] > 1 {
			t.Errorf("id %s is there twice", m[1])
		}
	}
	var wanted []string
	for _, m := range pointed.FindAllStringSubmatch(string(html), -1) {
		wanted = append(wanted, strings.Fields(m[1])...)
	}
	for _, name := range []string{"app.js", "view.js", "confirm.js"} {
		b, err := fs.ReadFile(files, "static/"+name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(byID.FindAllStringSubmatch(string(b), -1), filled.FindAllStringSubmatch(string(b), -1)...) {
			wanted = append(wanted, m[1])
		}
	}
	for _, id := range wanted {
		if ids[id] == 0 {
			t.Errorf("there is no element %s", id)
		}
	}
	if len(wanted) < 20 {
		t.Errorf("only %d were found", len(wanted))
	}
}
