package engine

import (
	"testing"

	"github.com/phasemig/phasemig/state"
)

// TestUnreturnableNamesTheRows: keys are told as an operator would put them into a WHERE.
func TestUnreturnableNamesTheRows(t *testing.T) {
	one := state.Unreturnable{Key: map[string]string{"shard": "2", "id": "1"}}
	other := state.Unreturnable{Key: map[string]string{"id": "7", "shard": "3"}}
	for _, c := range []struct {
		err  UnreturnableError
		want string
	}{
		{UnreturnableError{Count: 1, Sample: []state.Unreturnable{one}}, "rollback would lose 1 row whose new values the old column can't hold (the first: id=1, shard=2)"},
		{UnreturnableError{Count: 9, Sample: []state.Unreturnable{one, other}}, "rollback would lose 9 rows whose new values the old column can't hold (the first: id=1, shard=2; id=7, shard=3)"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
