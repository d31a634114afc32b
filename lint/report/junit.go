package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Cases    []testcase `xml:"testcase"`
}

type testcase struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	Failure *failure `xml:"failure,omitempty"`
	Output  string   `xml:"system-out,omitempty"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a suite for each file. An error is a failure; warnings and notes pass, with their text as output.
func JUnit(w io.Writer, _ *lint.Dialect, r *lint.Result) error {
	all := suites{}
	for _, f := range judged(r) {
		s := suite{Name: f.Path}
		for _, x := range r.Findings {
			if x.File == f.Path {
				s.add(x)
			}
		}
		if len(s.Cases) == 0 {
			s.Cases = []testcase{{Name: "no findings", Class: f.Path}}
		}
		s.Tests = len(s.Cases)
		all.Tests, all.Failures = all.Tests+s.Tests, all.Failures+s.Failures
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *suite) add(x lint.Finding) {
	c := testcase{Name: fmt.Sprintf("%s:%d:%d", x.Rule, x.Line, x.Column), Class: x.File}
	text := printable(fmt.Sprintf("%s:%d:%d\n%s\n\n%s\n\nlock: %s\nsafe:\n%s", x.File, x.Line, x.Column, x.Message, x.Statement, x.Lock, x.Safe))
	if x.Severity == lint.Error {
		s.Failures++
		c.Failure = &failure{Message: printable(x.Message), Type: x.Rule, Text: text}
	} else {
		c.Output = text
	}
	s.Cases = append(s.Cases, c)
}

// printable keeps to what XML 1.0 may hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, s)
}
