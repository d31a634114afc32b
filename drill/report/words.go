package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/drill"
)

// seconds writes a duration with about three digits.
func seconds(d time.Duration) string { return span(d.Seconds()) }

func span(s float64) string {
	switch {
	case s >= 7200:
		return fmt.Sprintf("%.1f h", s/3600)
	case s >= 120:
		return fmt.Sprintf("%.1f min", s/60)
	case s >= 1:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f ms", s*1000)
}

func verdict(r *drill.Result) string {
	if r.Passed {
		return "passed"
	}
	return "did not pass"
}

// ofWords say what a forecast is of.
var ofWords = map[string]string{drill.OfTime: "time", drill.OfReadWait: "longest wait of a reader", drill.OfWriteWait: "longest wait of a writer"}

func forecastWords(f drill.Forecast) string {
	switch {
	case f.Line == nil:
		return "none"
	case !f.Bounded:
		return span(f.Seconds) + ", error unknown"
	}
	return fmt.Sprintf("%s (95 %%: %s to %s)", span(f.Seconds), span(f.Low), span(f.High))
}

func sizes(r *drill.Result) string {
	var out []string
	for _, t := range r.Trials {
		out = append(out, fmt.Sprint(t.Rows))
	}
	return strings.Join(out, ", ")
}

func checkedWords(m drill.Made, code string) string {
	for _, c := range m.Checked {
		switch {
		case c.Code != code:
		case c.Works:
			return "works"
		case c.Need == drill.Required:
			return "BROKEN: " + c.Said
		default:
			return "doesn't work, and needn't: " + c.Said
		}
	}
	return "–"
}

func comparedWords(c *drill.Comparison) string {
	switch {
	case c == nil:
		return "–"
	case c.Equal() && c.Note != "":
		return "equal; " + c.Note
	case c.Equal():
		return "schema and rows equal"
	}
	return "DIFFERENT: " + strings.Join(append(append([]string{}, c.Schema...), c.Rows...), "; ")
}

func outcome(m drill.Made) string {
	if m.Error != "" {
		return "FAILED: " + m.Error
	}
	return seconds(m.Elapsed)
}

// rate is rows per second, where a step walks rows.
func rate(t drill.Timing) float64 {
	if t.Rows == 0 || t.Elapsed <= 0 {
		return 0
	}
	return float64(t.Rows) / t.Elapsed.Seconds()
}

func rateWords(t drill.Timing) string {
	if v := rate(t); v > 0 {
		return fmt.Sprintf("%.0f", v)
	}
	return "–"
}

const (
	waitsNote = "A wait is the longest that a statement which only takes the table's lock, as a reader or as a writer, was kept waiting while the step ran. Locks of single rows are not seen by that."
	modelNote = "Model: seconds = base + slope · rows, by least squares through each time that a step was carried out; the interval is for one further run with 95 %, from Student's distribution. " +
		"It holds for a server like the drill's with nothing else at work, and says nothing about other hardware, other load, or memory that ends at some size. Runs of one size share a warm cache, so their spread may be smaller than production's."
	sealNote = "The result's file is sealed; the gate `drill` reads it and not this report."
)
