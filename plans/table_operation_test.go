package plans

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestPartitionBoundsAreText(t *testing.T) {
	c, err := ParseChange([]byte("name: x\noperations: [{partition_table: {table: t, by: range, columns: [day, n], partitions: [{name: a, from: [2025-01-01, 1], to: [MAXVALUE, 1e3]}, {name: b, default: true}]}}]"))
	if err != nil {
		t.Fatal(err)
	}
	a := c.Operations[0].PartitionTable.Partitions[0]
	if !reflect.DeepEqual(a.From, Bounds{"2025-01-01", "1"}) || !reflect.DeepEqual(a.To, Bounds{"MAXVALUE", "1e3"}) {
		t.Errorf("bounds %q to %q", a.From, a.To)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseChange(b); err != nil || !reflect.DeepEqual(again.Operations, c.Operations) {
		t.Errorf("read again: %+v, %v", again, err)
	}
	c, err = ParseChange([]byte("name: x\noperations: [{partition_table: {table: t, by: list, columns: [kind], partitions: [{name: a, in: [~, x, true]}]}}]"))
	if err != nil || !reflect.DeepEqual(c.Operations[0].PartitionTable.Partitions[0].In, Bounds{"NULL", "x", "true"}) {
		t.Errorf("a list: %+v, %v", c.Operations, err)
	}
}

func TestPartitionSaysWhatIsWrong(t *testing.T) {
	for in, text := range map[string]string{
		"by: size, columns: [a], partitions: [{name: p}]":                                           "by",
		"by: hash, columns: [], partitions: [{name: p}]":                                            "columns",
		"by: hash, columns: [a], partitions: []":                                                    "partitions",
		"by: hash, columns: [a], partitions: [{name: p, in: 1}]":                                    "nothing else",
		"by: hash, columns: [a], partitions: [{name: p}, {name: p}]":                                "two are called",
		"by: list, columns: [a, b], partitions: [{name: p, in: 1}]":                                 "one column",
		"by: list, columns: [a], partitions: [{name: p, from: 1, to: 2}]":                           "it wants in",
		"by: range, columns: [a, b], partitions: [{name: p, from: 1, to: 2}]":                       "each of the 2 columns",
		"by: range, columns: [a], partitions: [{name: p, default: true, to: 2}]":                    "no bounds",
		"by: range, columns: [a], partitions: [{name: p, default: true}, {name: q, default: true}]": "one at most",
		"by: range, columns: [a], partitions: [{name: '', from: 1, to: 2}]":                         "name",
	} {
		_, err := ParseChange([]byte("name: x\noperations: [{partition_table: {table: t, " + in + "}}]"))
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v doesn't say %q", in, err, text)
		}
	}
}
