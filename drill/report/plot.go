package report

import (
	"fmt"
	"html"
	"strings"

	"github.com/phasemig/phasemig/drill"
)

// bar is one bar of a plot: a step at one size.
type bar struct {
	step  string
	size  int
	value float64
	words string
}

// bars lists a value of each step the first time that it was carried out, by size.
func bars(r *drill.Result, value func(drill.Timing) float64, words func(float64) string) (out []bar) {
	seen := map[string]bool{}
	for i, t := range r.Trials {
		for _, m := range t.Moves {
			for _, s := range m.Steps {
				at := fmt.Sprint(i, s.Step)
				if v := value(s); !m.Back && !seen[at] && v > 0 {
					seen[at] = true
					out = append(out, bar{s.Step, i, v, words(v)})
				}
			}
		}
	}
	return out
}

const (
	plotWidth  = 760
	labelWidth = 230
	valueWidth = 110
	barHeight  = 14
)

// plot draws bars beside each other, one colour a size, and says the same in words for who can't see it.
func plot(title string, list []bar) string {
	if len(list) == 0 {
		return ""
	}
	most := 0.0
	for _, b := range list {
		most = max(most, b.value)
	}
	var rows, words strings.Builder
	last, y := "", 6
	for _, b := range grouped(list) {
		if b.step != last {
			y += 8
			fmt.Fprintf(&rows, `<text x="%d" y="%d" text-anchor="end">%s</text>`, labelWidth-8, y+11, html.EscapeString(b.step))
			last = b.step
		}
		w := max(b.value/most*(plotWidth-labelWidth-valueWidth), 1)
		fmt.Fprintf(&rows, `<rect class="s%d" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">%s</text>`,
			b.size%4, labelWidth, y, w, barHeight-2, labelWidth+w+6, y+11, html.EscapeString(b.words))
		fmt.Fprintf(&words, "%s: %s; ", b.step, b.words)
		y += barHeight
	}
	return fmt.Sprintf(`<svg role="img" viewBox="0 0 %d %d" width="%d"><title>%s</title><desc>%s</desc>%s</svg>`,
		plotWidth, y+8, plotWidth, html.EscapeString(title), html.EscapeString(words.String()), rows.String())
}

// grouped puts the sizes of a step together, in the order of the steps.
func grouped(list []bar) (out []bar) {
	done := map[string]bool{}
	for _, b := range list {
		if done[b.step] {
			continue
		}
		done[b.step] = true
		for _, x := range list {
			if x.step == b.step {
				out = append(out, x)
			}
		}
	}
	return out
}
