package lintset

import (
	"fmt"
	"strings"
)

// evidence is what was seen of each danger, in words; empty is nothing.
type evidence map[Why]string

// proves says what is wrong with a verdict in the light of the evidence.
func (e evidence) proves(v Verdict) error {
	if v.Label == Safe && len(e) > 0 || v.Label == Dangerous && e[v.Why] == "" {
		return fmt.Errorf("labelled %s/%s, but seen: %s", v.Label, v.Why, e)
	}
	return nil
}

func (e evidence) String() string {
	var parts []string
	for _, w := range []Why{Blocks, Breaks, Fails, Loses} {
		if e[w] != "" {
			parts = append(parts, string(w)+" ("+e[w]+")")
		}
	}
	if parts == nil {
		return "no danger"
	}
	return strings.Join(parts, ", ")
}

// add keeps the first thing seen.
func (e evidence) add(w Why, what string) {
	if e[w] == "" && what != "" {
		e[w] = what
	}
}
