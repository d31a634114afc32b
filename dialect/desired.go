package dialect

import (
	"fmt"

	"github.com/phasemig/phasemig/schema"
)

// Desired are tables as a file wants them, read by the server itself, beside those of the database that have the same names.
type Desired struct {
	Want, Live []schema.Table // in the order of their names; Want bears the names that the tables have in the database
	// Others are names of tables that only the database has.
	Others []string
	// Notes tell what of the file was left out.
	Notes []string
}

// LoadError is a statement of the file that the server doesn't take, or that isn't for a desired schema.
type LoadError struct {
	Statement int // index
	Reason    string
	Hint      string
}

func (e *LoadError) Error() string { return fmt.Sprintf("statement %d: %s", e.Statement+1, e.Reason) }
