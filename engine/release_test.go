package engine

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func TestOpenedBy(t *testing.T) {
	by := func(ph plans.PhaseName, revision string) state.Evidence {
		return state.Evidence{Kind: revisionKind, Phase: ph, Data: json.RawMessage(fmt.Sprintf(`{"revision":%q}`, revision))}
	}
	back := func(ph plans.PhaseName) state.Evidence { return state.Evidence{Kind: "rollback", Phase: ph} }
	for what, c := range map[string]struct {
		list []state.Evidence
		want string
	}{
		"none":                         {nil, "map[]"},
		"both":                         {[]state.Evidence{by(plans.Expand, "v1"), {Kind: "phase"}, by(plans.Switch, "v2")}, "map[expand:v1 switch:v2]"},
		"contract doesn't count":       {[]state.Evidence{by(plans.Expand, "v1"), by(plans.Contract, "v3")}, "map[expand:v1]"},
		"switch was taken back":        {[]state.Evidence{by(plans.Expand, "v1"), by(plans.Switch, "v2"), back(plans.Switch)}, "map[expand:v1]"},
		"opened anew by another":       {[]state.Evidence{by(plans.Expand, "v1"), back(plans.Expand), by(plans.Expand, "v2")}, "map[expand:v2]"},
		"opened anew without a word":   {[]state.Evidence{by(plans.Expand, "v1"), back(plans.Expand)}, "map[]"},
		"contract alone is taken back": {[]state.Evidence{by(plans.Expand, "v1"), back(plans.Contract)}, "map[expand:v1]"},
	} {
		got, err := openedBy(c.list)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v; want %s", what, got, err, c.want)
		}
	}
	if _, err := openedBy([]state.Evidence{{Kind: revisionKind, Data: json.RawMessage(`{`)}}); err == nil {
		t.Error("evidence that can't be read is taken for none")
	}
}
