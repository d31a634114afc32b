package state

import (
	"encoding/json"
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
	if CheckChain(edited) == nil {
		t.Fatal("an edited entry was not seen")
	}
	if CheckChain(append(append([]Evidence(nil), list[:1]...), list[2:]...)) == nil {
		t.Fatal("a removed entry was not seen")
	}
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
