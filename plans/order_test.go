package plans

import (
	"slices"
	"strings"
	"testing"
)

func made(table, definition string) Operation {
	return Operation{CreateTable: &CreateTable{Table: table, Definition: definition}}
}

// TestOrder: what is pointed at comes first, what is dropped last, and all else as it was written.
func TestOrder(t *testing.T) {
	drop := func(name string) Operation { return Operation{DropTable: &DropTable{Table: name}} }
	key := Operation{AddForeignKey: &AddForeignKey{Table: "old", Name: "k", Columns: []string{"a"}, References: Reference{Table: "shop.b", Columns: []string{"id"}}}}
	column := Operation{AddColumn: &AddColumn{Table: "z", Name: "n", Type: "int"}}
	got, err := Order([]Operation{drop("gone"), key, made("a", "(b int REFERENCES `shop` . `b` (id), a int references a (b))"), column, made("b", `(c int, FOREIGN KEY (c) REFERENCES "c" (id))`), made("c", "(id int PRIMARY KEY)")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range got {
		names = append(names, o.Table().Name)
	}
	if want := []string{"z", "c", "b", "old", "a", "gone"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

// TestOrderCircle: tables that point at each other are named.
func TestOrderCircle(t *testing.T) {
	_, err := Order([]Operation{made("a", "(b int references b)"), made("b", "(c int references c)"), made("c", "(b int references b)")})
	if err == nil || !strings.Contains(err.Error(), "b → c → b") {
		t.Errorf("%v, want the circle by its names", err)
	}
}
