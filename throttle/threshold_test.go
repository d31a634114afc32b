package throttle

import (
	"reflect"
	"testing"
)

func TestParseThresholds(t *testing.T) {
	got, err := ParseThresholds(" Threads_running=25, innodb_row_lock_current_waits = 1.5 ,")
	want := Thresholds{{"Threads_running", 25}, {"innodb_row_lock_current_waits", 1.5}}
	if err != nil || !reflect.DeepEqual(got, want) || got.String() != "Threads_running=25,innodb_row_lock_current_waits=1.5" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParseThresholds(""); got != nil || err != nil {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	for _, bad := range []string{"Threads_running", "=5", "a=b", "a=-1", "a=NaN", "a b=1", "Threads_running>25", "a'=1"} {
		if got, err := ParseThresholds(bad); err == nil {
			t.Errorf("%s: %v", bad, got)
		}
	}
}

func TestThresholdSignals(t *testing.T) {
	list := Thresholds{{"Threads_running", 25}, {"Waits", 0}}
	for _, c := range []struct {
		running, waits float64
		over           []bool
	}{{25, 0, []bool{false, false}}, {26, 0, []bool{true, false}}, {1, 1, []bool{false, true}}} {
		for i, s := range list.Signals(map[string]float64{"threads_running": c.running, "waits": c.waits}, Stop) {
			if s.Over() != c.over[i] || s.Act != Stop {
				t.Errorf("%+v: %+v", c, s)
			}
		}
	}
}
