package mysql

import (
	"fmt"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// TestArtifactsOfOthers: the list of what is ours goes over the whole server, where others
// make, change and drop their tables. That is no reason for it to fail.
func TestArtifactsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		comment := quoteText(marked("", "a column", "abc"))
		id := schema.Ident{Schema: h.rows("SELECT DATABASE()")[0], Name: "fleeting"}
		over := answer(func() error {
			for n := range 60 {
				for _, q := range []string{"CREATE TABLE %[1]s (id int PRIMARY KEY, c int COMMENT %[2]s)", "ALTER TABLE %[1]s ADD COLUMN d int FIRST", "DROP TABLE %[1]s"} {
					if _, err := h.db.ExecContext(t.Context(), fmt.Sprintf(q, quoteTable(id), comment)); err != nil {
						return fmt.Errorf("round %d: %w", n, err)
					}
				}
			}
			return nil
		})
		for {
			if _, err := h.d.Server.(*server).Artifacts(t.Context()); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-over:
				if err != nil {
					t.Error(err)
				}
				return
			default:
			}
		}
	})
}
