package gate

import (
	"context"
	"fmt"
	"strings"
)

// oldReadersSafe passes while no row holds a value that only new code can read: then old code reads every row
// as it should, and a rollback loses nothing. Rows are counted as they are now.
func oldReadersSafe(ctx context.Context, in Input) (Verdict, error) {
	n, sample, err := in.Unreturnable(ctx)
	if err != nil {
		return Verdict{}, err
	}
	evidence := map[string]any{"rows": n}
	if n == 0 {
		return Passed("old code can read every row", evidence), nil
	}
	var keys []string
	for _, u := range sample {
		keys = append(keys, fmt.Sprintf("%s %v", u.Table, u.Key))
	}
	evidence["keys"] = keys
	return Failed(fmt.Sprintf("%d rows hold a value that only new code can read, the first: %s", n, strings.ReplaceAll(few(keys), "map[", "[")), evidence), nil
}
