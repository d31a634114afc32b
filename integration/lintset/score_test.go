package lintset

import (
	"fmt"
	"slices"
	"testing"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/linttest"
	mylint "github.com/phasemig/phasemig/lint/mysql"
	pglint "github.com/phasemig/phasemig/lint/postgres"
)

// judged are the linters.
var judged = []struct {
	name, version string
	major         int
	dialect       *lint.Dialect
	sets          []string // that nobody has looked at, and whose labels are proved
}{
	{"postgres", "15", 15, pglint.Dialect(), []string{Unseen}},
	{"postgres", "18", 18, pglint.Dialect(), []string{Unseen}}, // not every label of Fresh is proved
	{"mysql", "9.7", 9, mylint.Dialect(), []string{Unseen, Fresh}},
	{"mariadb", "10.11", 10, mylint.MariaDB(), []string{Unseen, Fresh}},
}

// What is promised of statements that the linter wasn't written against.
const (
	leastRecall = .98
	mostAlarms  = .02
)

// TestScore counts how often the linter's word is right. It says nothing about which cases
// it is wrong on: whoever mends a rule by them would make the unseen set worthless.
func TestScore(t *testing.T) {
	for _, j := range judged {
		t.Run(j.name+j.version, func(t *testing.T) {
			t.Logf("practice: %s", scored(t, j.dialect, j.version, read(t, Practice, j.name), j.major))
			var all score
			for _, name := range j.sets {
				n := scored(t, j.dialect, j.version, read(t, name, j.name), j.major)
				t.Logf("%s: %s", name, n)
				all = all.plus(n)
			}
			t.Logf("of statements that nobody has looked at: %s", all)
			if all.recall() < leastRecall || all.alarmRate() > mostAlarms {
				t.Errorf("a recall of %.0f %% and at most %.0f %% of false alarms are promised", 100*leastRecall, 100*mostAlarms)
			}
		})
	}
}

func scored(t *testing.T, d *lint.Dialect, version string, set Set, major int) score {
	t.Helper()
	var n score
	for _, c := range set.Cases {
		if !c.DependsOnRows {
			n.add(c.On(major).Label, alarmed(t, d, version, c))
		}
	}
	return n
}

func alarmed(t *testing.T, d *lint.Dialect, version string, c Case) bool {
	return slices.ContainsFunc(checked(t, d, version, c).Findings, func(f lint.Finding) bool { return f.Severity == lint.Error })
}

func checked(t *testing.T, d *lint.Dialect, version string, c Case) lint.Result {
	t.Helper()
	return linttest.Check(t, d, version, c.Schema, c.SQL)
}

type score struct{ dangerous, found, safe, alarms int }

func (s *score) add(l Label, alarm bool) {
	switch {
	case l == Dangerous && alarm:
		s.found++
		fallthrough
	case l == Dangerous:
		s.dangerous++
	case alarm:
		s.alarms++
		fallthrough
	default:
		s.safe++
	}
}

func (s score) plus(o score) score {
	return score{s.dangerous + o.dangerous, s.found + o.found, s.safe + o.safe, s.alarms + o.alarms}
}

func (s score) String() string {
	return fmt.Sprintf("recall %d of %d dangerous (%.1f %%), false alarms %d of %d safe (%.1f %%)", s.found, s.dangerous, 100*s.recall(), s.alarms, s.safe, 100*s.alarmRate())
}

func (s score) recall() float64    { return float64(s.found) / float64(max(s.dangerous, 1)) }
func (s score) alarmRate() float64 { return float64(s.alarms) / float64(max(s.safe, 1)) }
