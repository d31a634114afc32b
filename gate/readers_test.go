package gate

import (
	"context"
	"errors"
	"testing"

	"github.com/phasemig/phasemig/state"
)

func TestOldReadersSafe(t *testing.T) {
	in := input("old_readers_safe", nil)
	var list []state.Unreturnable
	var broken error
	in.Unreturnable = func(context.Context) (int64, []state.Unreturnable, error) { return int64(len(list)), list, broken }
	want(t, in, Pass, "every row")
	list = []state.Unreturnable{{Table: "shop.users", Key: map[string]string{"id": "7"}}}
	want(t, in, Fail, "1 rows hold a value that only new code can read, the first: shop.users [id:7]")
	broken = errors.New("no answer")
	want(t, in, Inconclusive, "no answer")
}
