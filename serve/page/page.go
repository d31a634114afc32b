// Package page holds the web page of serve: static files that a browser gets as they are, and that ask the API with
// a token that a person types in.
//
// It promises that the page reaches nothing but the server it came from (a content security policy without exceptions, no
// file from elsewhere), and that the token stays in the tab's memory: no cookie, no storage. It does nothing that the API
// doesn't: every button is a request with that token. There is no build step. Start reading at static/app.js.
package page

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed static
var files embed.FS

// policy forbids all that the page doesn't need: code and style within the document, other hosts, frames around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the files.
func Handler() http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	next := http.FileServerFS(static)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// Known reports whether there is a file for a path, so that the API can answer all others itself.
func Known(path string) bool {
	if path == "/" {
		return true
	}
	info, err := fs.Stat(files, "static"+path)
	return err == nil && !info.IsDir()
}
