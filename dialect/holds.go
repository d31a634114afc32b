package dialect

import (
	"fmt"

	"github.com/phasemig/phasemig/schema"
)

// HoldsRowsError is a table that the way back would drop with rows that are nowhere else.
type HoldsRowsError struct {
	Table schema.Ident
	Count int64
}

func (e *HoldsRowsError) Error() string {
	return fmt.Sprintf("table %s holds %d rows that are nowhere else", e.Table, e.Count)
}
