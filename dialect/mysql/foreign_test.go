package mysql

import (
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/schema"
)

// TestPointingKeys: foreign keys that point at a table are seen whether or not the account may look into InnoDB's own tables, and
// however the other table is called.
func TestPointingKeys(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE parent (id INT PRIMARY KEY, a INT, up INT, CONSTRAINT own FOREIGN KEY (up) REFERENCES parent (id))", "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT child_p FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)",
			"CREATE TABLE alone (id INT PRIMARY KEY, a INT)")
		db := strings.TrimPrefix(h.dsn[strings.LastIndex(h.dsn, "/"):], "/")
		limited, _ := h.account("GRANT ALL ON `" + strings.ReplaceAll(db, "_", `\_`) + "`.* TO USER")
		for _, d := range []*dialect.Database{h.d, limited} {
			h.pointing(d, "parent", "child child_p ON DELETE CASCADE", "parent own")
			h.pointing(d, "alone")
		}
		h.exec("CREATE TABLE `kind-er` (id INT PRIMARY KEY, p INT, CONSTRAINT kinder_p FOREIGN KEY (p) REFERENCES parent (id))")
		for _, d := range []*dialect.Database{h.d, limited} {
			h.pointing(d, "parent", "child child_p ON DELETE CASCADE", "kind-er kinder_p", "parent own")
		}
	})
}

func (h *home) pointing(d *dialect.Database, table string, want ...string) {
	h.t.Helper()
	f, err := d.Reader.Facts(h.t.Context(), rename(table, "a", "z"))
	if err != nil {
		h.t.Fatal(err)
	}
	at, _ := f.Table(schema.Ident{Name: table})
	var got []string
	for _, k := range at.Constraints {
		if k.Incoming {
			got = append(got, strings.TrimSpace(k.Ref.Name+" "+k.Name+map[bool]string{true: " ON DELETE " + k.OnDelete}[k.OnDelete == "CASCADE"]))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		h.t.Errorf("%s: %v point at it, want %v", table, got, want)
	}
}
