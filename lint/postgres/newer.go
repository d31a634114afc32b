package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// notValid stands for NOT ENFORCED.
const notValid = "NOT VALID/*not enforced*/"

// later marks what a statement says that the grammar of version 17 doesn't know.
type later struct {
	virtual     bool   // a generated column is VIRTUAL
	virtuals    []int  // where GENERATED stands of those that are, in the text that the grammar reads
	notNull     string // ADD [CONSTRAINT …] NOT NULL this column
	notEnforced bool
	temporal    bool // WITHOUT OVERLAPS, PERIOD
	inherit     bool // ALTER CONSTRAINT … [NO] INHERIT
	enforce     bool // ALTER CONSTRAINT … ENFORCED
}

// modern rewrites syntax of version 18 to an equivalent that the grammar reads, and says what it was. A text
// without it is returned as it is.
func modern(sql string, v lint.Version) (string, later) {
	var l later
	if len(sql) > 100_000 {
		return sql, l
	}
	upper := strings.ToUpper(sql)
	if !strings.Contains(upper, "GENERATED") && !(strings.Contains(upper, "NOT NULL") && (strings.Contains(upper, "CONSTRAINT") || strings.Contains(upper, "ADD"))) && !strings.Contains(upper, "ENFORCED") && !strings.Contains(upper, "WITHOUT OVERLAPS") && !strings.Contains(upper, "INHERIT") && !strings.Contains(upper, "ONLY") {
		return sql, l
	}
	m := &modernizer{sql: sql, tokens: Syntax.Tokens(sql), version: v}
	m.run()
	if !m.changed {
		return sql, m.later
	}
	return m.text(), m.later
}

type modernizer struct {
	later
	sql     string
	tokens  []lint.Token
	version lint.Version
	out     strings.Builder
	from    int
	changed bool
}

// replace puts a text in place of the tokens from i to k.
func (m *modernizer) replace(i, k int, text string) {
	m.out.WriteString(m.sql[m.from:m.tokens[i].Start])
	m.out.WriteString(text)
	m.from, m.changed = m.tokens[k].End, true
}

func (m *modernizer) text() string { return m.out.String() + m.sql[m.from:] }

func (m *modernizer) is(i int, words ...string) bool {
	for n, w := range words {
		if i+n >= len(m.tokens) || i+n < 0 || !m.tokens[i+n].Is(w) {
			return false
		}
	}
	return true
}

func (m *modernizer) run() {
	for i := 0; i < len(m.tokens); i++ {
		switch {
		case m.is(i, "GENERATED", "ALWAYS", "AS", "("):
			i = m.generated(i)
		case m.is(i, "ONLY") && i > 0 && (m.is(0, "VACUUM") || m.is(0, "ANALYZE")) && m.version >= 180000: // without the partitions
			m.replace(i, i, "")
		case m.is(i, "ADD", "NOT", "NULL") && i+3 < len(m.tokens):
			m.notNullOf(i+1, i+3)
			i += 3
		case m.is(i, "CONSTRAINT") && m.is(i+2, "NOT", "NULL") && i+4 < len(m.tokens) && m.tokenName(i+4) && (m.is(i-1, "ADD") || m.is(i-1, ",") || m.is(i-1, "(")):
			m.notNullOf(i+2, i+4)
			i += 4
		case m.is(i, "ALTER", "CONSTRAINT") && m.is(i+3, "NOT", "ENFORCED"):
			m.notEnforced = true
			m.replace(i+3, i+4, "NOT DEFERRABLE")
			i += 4
		case m.is(i, "ALTER", "CONSTRAINT") && m.is(i+3, "ENFORCED"):
			m.enforce = true
			m.replace(i+3, i+3, "NOT DEFERRABLE")
			i += 3
		case m.is(i, "NOT", "ENFORCED"):
			m.notEnforced = true
			m.replace(i, i+1, notValid)
			i++
		case m.is(i, "ENFORCED"):
			m.replace(i, i, "")
		case m.is(i, "WITHOUT", "OVERLAPS"):
			m.temporal = true
			m.replace(i, i+1, "")
			i++
		case m.is(i, "ALTER", "CONSTRAINT") && (m.is(i+3, "INHERIT") || m.is(i+3, "NO", "INHERIT")):
			m.inherit = true
			last := i + 3
			if m.is(i+3, "NO") {
				last++
			}
			m.replace(i+3, last, "NOT DEFERRABLE")
			i = last
		}
	}
}

func (m *modernizer) tokenName(i int) bool {
	t := m.tokens[i]
	return t.Kind == lint.Quoted || t.Kind == lint.Word && !t.Is("NOT") && !t.Is("CHECK") && !t.Is("DEFAULT")
}

// notNullOf reads "NOT NULL column" as a CHECK of the same meaning.
func (m *modernizer) notNullOf(i, column int) {
	if !m.tokenName(column) {
		return
	}
	m.notNull = m.tokens[column].Value()
	m.replace(i, column, "CHECK ("+m.tokens[column].Text+" IS NOT NULL)")
}

// markVirtual notes the place of token i in the text that is written. Nothing behind it may have been replaced yet.
func (m *modernizer) markVirtual(i int) {
	m.virtual = true
	m.virtuals = append(m.virtuals, m.out.Len()+m.tokens[i].Start-m.from)
}

// isVirtual reports whether a column's GENERATED is VIRTUAL.
func (l later) isVirtual(q *pg.Constraint) bool {
	return l.virtual && slices.Contains(l.virtuals, int(q.GetLocation()))
}

// generated reads GENERATED ALWAYS AS (…) VIRTUAL, and without a word behind it where VIRTUAL is the default.
func (m *modernizer) generated(i int) int {
	depth, k := 0, i+3
	for ; k < len(m.tokens); k++ {
		if m.tokens[k].Is("(") {
			depth++
		}
		if m.tokens[k].Is(")") {
			if depth--; depth == 0 {
				break
			}
		}
	}
	switch {
	case k >= len(m.tokens) || m.is(k+1, "STORED"):
		return min(k, len(m.tokens)-1)
	case m.is(k+1, "VIRTUAL"):
		m.markVirtual(i)
		m.replace(k+1, k+1, "STORED")
		return k + 1
	}
	m.markVirtual(i)
	m.replace(k, k, ") STORED")
	return k
}
