package bench

import (
	"encoding/json"
	"os"
	"testing"
)

// TestPageIsMadeFromWhatIsStored: nobody has written a better figure into the page by hand.
func TestPageIsMadeFromWhatIsStored(t *testing.T) {
	stored, err := os.ReadFile("../../docs/benchmarks.json")
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(stored, &r); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if r.Page() != string(page) {
		t.Error("docs/benchmarks.md isn't what bench -o docs/benchmarks.json -page docs/benchmarks.md writes")
	}
}
