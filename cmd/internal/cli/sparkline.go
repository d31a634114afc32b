package cli

import "strings"

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws the last n values, each as high as its share of the largest one shown.
func sparkline(values []float64, n int) string {
	values = values[max(len(values)-n, 0):]
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	var b strings.Builder
	for _, v := range values {
		i := 0
		if top > 0 {
			i = int(max(v, 0) / top * float64(len(bars)-1))
		}
		b.WriteRune(bars[i])
	}
	return b.String()
}

// gauge is a bar that is filled to a share of its width, exact to an eighth of a column.
func gauge(share float64, width int) string {
	eighths := int(min(max(share, 0), 1) * float64(8*width))
	s := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		s += string([]rune(" ▏▎▍▌▋▊▉")[part])
	}
	return s + strings.Repeat("░", width-cells(s))
}
