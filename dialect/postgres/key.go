package postgres

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// A key is carried as a JSON array of its columns' text forms, and turned back
// into the columns' types by the server, whose order and equality count.

// keyText writes the key of the row under the prefix.
func keyTextSQL(key []plans.KeyPart, prefix string) string {
	var out []string
	for _, k := range key {
		out = append(out, prefix+Quote(k.Name)+"::text")
	}
	return "json_build_array(" + strings.Join(out, ", ") + ")::text"
}

// keyValue is one column of the key held in a parameter.
func keyValue(k plans.KeyPart, i int, param string) string {
	return fmt.Sprintf("((%s::json) ->> %d)::%s", param, i, k.Type)
}

// keyColumns are the columns as they are ordered and compared along the walk.
func keyColumns(key []plans.KeyPart, prefix string) []string {
	var out []string
	for _, k := range key {
		c := prefix + Quote(k.Name)
		if k.ByBytes {
			c += ` COLLATE pg_catalog."C"`
		}
		out = append(out, c)
	}
	return out
}

func keyValues(key []plans.KeyPart, param string) []string {
	var out []string
	for i, k := range key {
		out = append(out, keyValue(k, i, param))
	}
	return out
}

// keyIs is the row whose key is the parameter's.
func keyIs(key []plans.KeyPart, prefix, param string) string {
	var out []string
	for i, v := range keyValues(key, param) {
		out = append(out, prefix+Quote(key[i].Name)+" = "+v)
	}
	return strings.Join(out, " AND ")
}

// keyRange is (low, high] in the index's order; an empty parameter leaves that
// end open.
func keyRange(key []plans.KeyPart, prefix, low, high string) string {
	var out []string
	if low != "" {
		out = append(out, keyBound(key, prefix, low, true))
	}
	if high != "" {
		out = append(out, keyBound(key, prefix, high, false))
	}
	if len(out) == 0 {
		return "true"
	}
	return strings.Join(out, " AND ")
}

// keyBound is "after the parameter", or "up to it". Where all columns run the same
// way it is one row comparison, which the server finds in the index; else it is
// spelled out, behind a bound on the first column that the index can use.
func keyBound(key []plans.KeyPart, prefix, param string, after bool) string {
	cols, vals := keyColumns(key, prefix), keyValues(key, param)
	if uniform(key) {
		op := operator(key[0].Descending, after)
		if !after {
			op += "="
		}
		if len(key) == 1 {
			return cols[0] + " " + op + " " + vals[0]
		}
		return fmt.Sprintf("(%s) %s (%s)", strings.Join(cols, ", "), op, strings.Join(vals, ", "))
	}
	var alternatives []string
	equal := ""
	for i, k := range key {
		alternatives = append(alternatives, fmt.Sprintf("%s%s %s %s", equal, cols[i], operator(k.Descending, after), vals[i]))
		equal += fmt.Sprintf("%s = %s AND ", cols[i], vals[i])
	}
	if !after {
		alternatives = append(alternatives, strings.TrimSuffix(equal, " AND "))
	}
	return fmt.Sprintf("%s %s= %s AND (%s)", cols[0], operator(key[0].Descending, after), vals[0], strings.Join(alternatives, " OR "))
}

func uniform(key []plans.KeyPart) bool {
	for _, k := range key {
		if k.Descending != key[0].Descending {
			return false
		}
	}
	return true
}

func operator(descending, after bool) string {
	if descending != after {
		return ">"
	}
	return "<"
}

// keyMap reads a key for people.
func keyMap(key []plans.KeyPart, text string) map[string]string {
	var vals []string
	out := map[string]string{}
	if json.Unmarshal([]byte(text), &vals) != nil || len(vals) != len(key) {
		out["key"] = text
		return out
	}
	for i, k := range key {
		out[k.Name] = vals[i]
	}
	return out
}

func keyWords(key []plans.KeyPart, text string) string {
	m := keyMap(key, text)
	var out []string
	for _, k := range key {
		if v, ok := m[k.Name]; ok {
			out = append(out, k.Name+"="+v)
		}
	}
	if len(out) == 0 {
		return text
	}
	return strings.Join(out, " ")
}
