package report

import (
	"fmt"
	"html"
	"strings"

	"github.com/phasemig/phasemig/drill"
)

const style = `:root{color-scheme:light dark;--line:#8886;--s0:#1f6feb;--s1:#d97706;--s2:#059669;--s3:#a855f7}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-size:13px}td,th{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.wide{overflow-x:auto}.bad{color:#d1242f;font-weight:600}.good{color:#1a7f37}svg{max-width:100%;height:auto;font-size:11px;fill:currentColor}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}.key span{padding-right:1rem}.key i{display:inline-block;width:.8em;height:.8em;margin-right:.4em}`

// HTML writes the report as one page.
func HTML(r *drill.Result) string {
	var b strings.Builder
	e := html.EscapeString
	title := "Drill of " + r.Plan + ": " + verdict(r)
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>%s</title><style>%s</style></head>\n<body><main><h1>%[1]s</h1>\n<dl>", e(title), style)
	for _, f := range facts(r) {
		fmt.Fprintf(&b, "<dt><b>%s</b></dt><dd>%s</dd>\n", e(f[0]), e(f[1]))
	}
	b.WriteString("</dl>\n")
	for _, x := range r.Broken {
		fmt.Fprintf(&b, "<p class=\"bad\">In the state %s, after %s, with %d rows: %s</p>\n", e(string(x.State)), e(x.After), x.Rows, e(x.What))
	}
	b.WriteString(plots(r))
	for _, s := range sections(r) {
		b.WriteString(s.html())
	}
	fmt.Fprintf(&b, "<p>%s</p>\n</main></body></html>\n", e(sealNote))
	return b.String()
}

func plots(r *drill.Result) string {
	var b strings.Builder
	b.WriteString(`<p class="key">`)
	for i, t := range r.Trials {
		fmt.Fprintf(&b, `<span><i style="background:var(--s%d)"></i>%d rows</span>`, i%4, t.Rows)
	}
	b.WriteString("</p>\n")
	for _, p := range []struct {
		title string
		value func(drill.Timing) float64
		words func(float64) string
	}{
		{"Time of each step", func(t drill.Timing) float64 { return t.Elapsed.Seconds() }, span},
		{"Longest wait for the table's lock in each step", func(t drill.Timing) float64 { return max(t.ReadWait, t.WriteWait).Seconds() }, span},
		{"Rows a second", rate, func(v float64) string { return fmt.Sprintf("%.0f rows/s", v) }},
	} {
		if svg := plot(p.title, bars(r, p.value, p.words)); svg != "" {
			fmt.Fprintf(&b, "<h2>%s</h2>\n%s\n", p.title, svg)
		}
	}
	return b.String()
}

func (s section) html() string {
	var b strings.Builder
	e := html.EscapeString
	fmt.Fprintf(&b, "<h2>%s</h2>\n", e(s.title))
	if len(s.rows) > 0 {
		b.WriteString("<div class=\"wide\"><table><thead><tr>")
		for _, h := range s.head {
			fmt.Fprintf(&b, "<th scope=\"col\">%s</th>", e(h))
		}
		b.WriteString("</tr></thead><tbody>\n")
		for _, row := range s.rows {
			b.WriteString("<tr>")
			for _, c := range row {
				class := ""
				if strings.HasPrefix(c, "BROKEN") || strings.HasPrefix(c, "FAILED") || strings.HasPrefix(c, "DIFFERENT") {
					class = ` class="bad"`
				}
				fmt.Fprintf(&b, "<td%s>%s</td>", class, e(c))
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</tbody></table></div>\n")
	}
	if s.note != "" {
		fmt.Fprintf(&b, "<p>%s</p>\n", e(s.note))
	}
	return b.String()
}
