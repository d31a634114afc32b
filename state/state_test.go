package state

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEvidenceChainShowsTampering(t *testing.T) {
	var list []Evidence
	prev := ""
	for i := range 4 {
		e := Evidence{Seq: int64(i + 1), Run: "r", PlanHash: "h", Kind: "verify", State: "pass", Data: json.RawMessage(`{"rows":1}`),
			At: time.Unix(int64(i), 123456000), Previous: prev}
		e.Hash = e.Seal()
		prev = e.Hash
		list = append(list, e)
	}
	if err := CheckChain(list); err != nil {
		t.Fatal(err)
	}
	edited := append([]Evidence(nil), list...)
	edited[1].State = "fail"
	broken := func(what string, err error, seq int64, says string) {
		t.Helper()
		var b *BrokenError
		if !errors.As(err, &b) || !errors.Is(err, ErrBroken) || b.Seq != seq || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	broken("an edited entry", CheckChain(edited), 2, "it was changed")
	edited[1].Hash = edited[1].Seal()
	broken("an edited entry with its hash", CheckChain(edited), 3, "doesn't follow")
	broken("a removed entry", CheckChain(slices.Concat(list[:1], list[2:])), 3, "doesn't follow")
	broken("a removed first entry", CheckChain(list[1:]), 2, "doesn't follow")
	broken("a doubled entry", CheckChain(slices.Concat(list[:2], list[1:])), 2, "doesn't follow")

	if err := CheckHead("r", list, list[2].Hash); err != nil {
		t.Error(err)
	}
	broken("entries cut off", CheckHead("r", list[:2], list[2].Hash), 0, list[2].Hash)

	a := Approval{Run: "r", Phase: "contract", PlanHash: "h", By: "bob"}
	list[3].Kind, list[3].Phase, list[3].Reason = "approval", "contract", "approved by bob: fine"
	if err := CheckApprovals(list, []Approval{a}); err != nil {
		t.Error(err)
	}
	a.By = "eve"
	broken("an approval that nobody gave", CheckApprovals(list, []Approval{a}), 0, "contract by eve")
}

func TestEveryActiveStateHasAWayBack(t *testing.T) {
	for s := range transitions {
		if s.Active() && s != RollingBack && !s.CanBecome(RollingBack) {
			t.Errorf("%s can't be rolled back", s)
		}
	}
	if Done.CanBecome(RollingBack) {
		t.Error("done can be rolled back")
	}
}
