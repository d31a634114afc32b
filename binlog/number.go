package binlog

import "strconv"

// mostDigits is how many a decimal has at most.
const mostDigits = 65

// Decimals lie in groups of nine digits in four bytes; the group at the outer end
// has fewer of both.
const groupDigits = 9

var groupBytes = [groupDigits + 1]int{0, 1, 1, 2, 2, 3, 3, 4, 4, 4}

// decimalLength is how many bytes so many digits have.
func decimalLength(digits int) int { return digits/groupDigits*4 + groupBytes[digits%groupDigits] }

// appendDecimal writes a decimal with all digits of its fraction. The sign is the
// first bit, turned over; in negative numbers all others are, too.
func appendDecimal(out, raw []byte, whole, fraction int) []byte {
	var b [32]byte
	copy(b[:], raw)
	negative := b[0]&0x80 == 0
	b[0] ^= 0x80
	if negative {
		for i := range raw {
			b[i] = ^b[i]
		}
		out = append(out, '-')
	}
	in := b[:len(raw)]
	start := len(out)
	n := groupBytes[whole%groupDigits]
	if v := big(in[:n]); v != 0 {
		out = strconv.AppendUint(out, v, 10)
	}
	in = in[n:]
	for range whole / groupDigits {
		if v := big(in[:4]); len(out) > start {
			out = appendPadded(out, v, groupDigits)
		} else if v != 0 {
			out = strconv.AppendUint(out, v, 10)
		}
		in = in[4:]
	}
	if len(out) == start {
		out = append(out, '0')
	}
	if fraction == 0 {
		return out
	}
	out = append(out, '.')
	for range fraction / groupDigits {
		out = appendPadded(out, big(in[:4]), groupDigits)
		in = in[4:]
	}
	if rest := fraction % groupDigits; rest > 0 {
		out = appendPadded(out, big(in[:groupBytes[rest]]), rest)
	}
	return out
}

// appendPadded writes a number with at least so many digits.
func appendPadded(out []byte, v uint64, digits int) []byte {
	var b [20]byte
	s := strconv.AppendUint(b[:0], v, 10)
	for range digits - len(s) {
		out = append(out, '0')
	}
	return append(out, s...)
}
