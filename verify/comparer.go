package verify

import (
	"context"
	"fmt"
	"strings"
)

// Compared is the result of one chunk.
type Compared struct {
	Rows   int64
	Differ int64    // rows whose sides disagree and that aren't listed as unreturnable
	Keys   []string // the first of them, readable: "id=17"
}

// Comparer compares the two sides of a column sync, as a dialect serves it.
type Comparer interface {
	// Boundary returns the key of the n-th row after low; "" when fewer are left.
	Boundary(ctx context.Context, low, high string, n int) (string, error)
	// Compare reads the rows of (low, high] in one statement.
	Compare(ctx context.Context, low, high string, keys int) (Compared, error)
}

// DivergedError says that rows differ, which chunk they are in and their keys.
type DivergedError struct {
	Table  string
	Rows   int64
	Differ int64
	Low    string
	High   string
	Keys   []string
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("verification of %s: %d of %d rows differ; the first ones: %s", e.Table, e.Differ, e.Rows, strings.Join(e.Keys, ", "))
}
