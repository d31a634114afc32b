package lintset

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestSets: each file has enough of both labels to say something.
func TestSets(t *testing.T) {
	for _, folder := range []string{Practice, Unseen, Fresh} {
		for _, k := range []throwaway.Kind{throwaway.Postgres18, throwaway.MySQL, throwaway.MariaDB} {
			count := map[Label]int{}
			for _, c := range cases(t, folder, k) {
				count[c.Label]++
			}
			if folder == Fresh && len(count) == 0 {
				continue
			}
			if all := count[Dangerous] + count[Safe]; all < 220 || count[Dangerous] < 80 || count[Safe] < 70 {
				t.Errorf("%s %s: %v", folder, k, count)
			}
		}
	}
}

func TestDecode(t *testing.T) {
	whole := "cases: [{id: a, schema: s, sql: q, note: n, label: safe, versions: {15: {label: dangerous, why: fails}}}]"
	set, err := decode(strings.NewReader(whole))
	if err != nil || set.Cases[0].On(15).Why != Fails || set.Cases[0].On(18).Label != Safe {
		t.Errorf("%v, %v", set, err)
	}
	for _, wrong := range []string{
		"cases: [{id: a, schema: s, sql: q, note: n, label: safe, why: fails}]",
		"cases: [{id: a, schema: s, sql: q, note: n, label: dangerous}]",
		"cases: [{id: a, schema: s, sql: q, label: safe}]",
		"cases: [{id: a, schema: s, sql: q, note: n, label: safe}, {id: a, schema: s, sql: q, note: n, label: safe}]",
		"cases: [{id: a, schema: s, sql: q, note: n, lable: safe}]",
		strings.Replace(whole, "fails", "boils", 1),
	} {
		if _, err := decode(strings.NewReader(wrong)); err == nil {
			t.Errorf("taken: %s", wrong)
		}
	}
}
