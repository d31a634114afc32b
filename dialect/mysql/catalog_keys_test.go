package mysql

import (
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// TestIncomingKeys: an account that may ask the storage engine reads of the keys that point at a table what one reads that may not.
func TestIncomingKeys(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		for name, more := range map[string][]string{
			"plain": {"CREATE TABLE `odd-$ name` (`a b` INT, c INT, CONSTRAINT `key-1 $` FOREIGN KEY (`a b`) REFERENCES plain (id) ON DELETE CASCADE ON UPDATE NO ACTION, FOREIGN KEY (c) REFERENCES plain (id) ON DELETE SET NULL)",
				"CREATE TABLE pair (x INT, y INT, CONSTRAINT pair_key FOREIGN KEY (y, x) REFERENCES plain (id, b) ON UPDATE CASCADE)", "CREATE TABLE Plain2 (boss INT, FOREIGN KEY (boss) REFERENCES plain (id) ON UPDATE SET NULL ON DELETE RESTRICT)"},
			"we-ird $1": {"CREATE TABLE of_weird (a INT, CONSTRAINT w FOREIGN KEY (a) REFERENCES `we-ird $1` (id) ON DELETE NO ACTION)"},
			"größe/中":   {"CREATE TABLE kind (a INT, FOREIGN KEY (a) REFERENCES `größe/中` (id))", "CREATE TABLE `straße` (a INT, FOREIGN KEY (a) REFERENCES `größe/中` (id))"},
			"PLAIN":     {"CREATE TABLE upper_case (a INT, FOREIGN KEY (a) REFERENCES PLAIN (id))"},
			"alone":     nil,
		} {
			h.exec(append([]string{"CREATE TABLE `" + name + "` (id INT PRIMARY KEY, b INT, UNIQUE KEY (id, b))"}, more...)...)
		}
		db := h.rows("SELECT DATABASE()")[0]
		d, _ := h.account("GRANT SELECT, REFERENCES ON `" + strings.ReplaceAll(db, "_", `\_`) + "`.* TO USER")
		for name, keys := range map[string]int{"plain": 4, "we-ird $1": 1, "größe/中": 2, "PLAIN": 1, "alone": 0} {
			with, err := h.d.Server.Table(t.Context(), schema.Ident{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			without, err := d.Server.Table(t.Context(), schema.Ident{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			got, want := with.Lines(), without.Lines()
			if !slices.Equal(got, want) {
				t.Errorf("%s: with the right\n%s\nwithout\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			n := 0
			for _, k := range with.Constraints {
				if k.Incoming {
					n++
				}
			}
			if n != keys {
				t.Errorf("%s: %d keys point at it, want %d\n%s", name, n, keys, strings.Join(got, "\n"))
			}
		}
	})
}
