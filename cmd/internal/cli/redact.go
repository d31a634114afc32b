package cli

import (
	"regexp"
	"strings"
)

var (
	// To the last @ before a space: a password that wasn't escaped may hold @ and /.
	userinfo = regexp.MustCompile(`(://[^\s:/@]*):\S*@`)
	inQuery  = regexp.MustCompile(`(?i)((?:ssl)?password|passwd|pwd)=[^\s&]+`)
)

// redact takes passwords out of a message: those of any URL in it, and those
// that this call was given. A secret of less than four characters is not looked for by
// itself: it would deface every other word, and no message holds it outside a URL.
func (p *program) redact(s string) string {
	s = userinfo.ReplaceAllString(s, "$1:***@")
	s = inQuery.ReplaceAllString(s, "$1=***")
	for _, secret := range p.secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return s
}
