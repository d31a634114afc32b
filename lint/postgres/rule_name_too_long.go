package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var nameTooLong = rule{lint.Rule{
	ID: "name-too-long", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a name of more than 63 bytes, which the server cuts without an error",
	Why:     "Two names that differ behind byte 63 are one name, and code that compares names doesn't find its own.",
	Bad:     []lint.Example{{SQL: "CREATE INDEX CONCURRENTLY a_name_that_is_so_long_that_the_server_will_cut_it_behind_byte_63_for_sure ON t (a);"}, {SQL: "CREATE TABLE another_name_that_is_so_long_that_the_server_will_cut_it_behind_byte_63 (a int);"}},
	Good:    []lint.Example{{SQL: "CREATE INDEX CONCURRENTLY short ON t (a);"}, {SQL: "CREATE TABLE t (a text DEFAULT 'a text may be as long as it likes, of course, and nobody minds it');"}},
}, func(c *call) {
	if len(c.s.Text) > 100_000 || !longName(c.s.Text) {
		return
	}
	for _, t := range Syntax.Tokens(c.s.Text) {
		if (t.Kind == lint.Word || t.Kind == lint.Quoted) && len(t.Value()) > 63 {
			c.report(said{message: fmt.Sprintf("the server cuts the name %s to %s", t.Value(), t.Value()[:63]), safe: "Choose a shorter name."})
		}
	}
}}

// longName looks for what may be too long a name, without cutting the text into tokens.
func longName(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			return true
		case c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80:
			if run++; run > 63 {
				return true
			}
		default:
			run = 0
		}
	}
	return false
}
