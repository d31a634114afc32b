package plans

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"
)

// CutName shortens a made-up name to limit bytes or characters. A name that is
// cut ends in six hex digits of the whole, so two long names stay two.
func CutName(s string, limit int, bytes bool) string {
	if nameLength(s, bytes) <= limit {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	tail := "_" + hex.EncodeToString(sum[:3])
	for nameLength(s, bytes) > limit-len(tail) {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s + tail
}

func nameLength(s string, bytes bool) int {
	if bytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}
