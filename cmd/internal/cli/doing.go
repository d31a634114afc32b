package cli

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// doing says in a few words what a step does.
func doing(pl *plans.Plan, st plans.Step) string {
	if st.Act != nil {
		return st.Act.Does
	}
	if words := alterDoing(pl, st); words != "" {
		return words
	}
	if st.Sync >= len(pl.Syncs) {
		return ""
	}
	s := &pl.Syncs[st.Sync]
	old, nu := sides(s.Old), sides(s.New)
	if s.Move != nil {
		old, nu = s.Table.Name+"."+old, s.Move.To.Name+"."+nu
	}
	switch st.Kind {
	case plans.Relax:
		return "loosen " + old + " so that every new value has a place to be"
	case plans.AddColumns:
		return "add " + nu
	case plans.InstallSync:
		return "triggers keep " + old + " and " + nu + " in step"
	case plans.Backfill:
		return "fill " + nu + " in short batches"
	case plans.BuildTwin:
		return twinWords(st.Twin)
	case plans.Verify:
		return "compare every row, " + old + " with " + nu
	case plans.Swap:
		return nu + " takes the name " + old
	case plans.Hide:
		return "hide " + old
	case plans.Drop:
		return "drop the triggers and " + old
	case plans.AdoptNames:
		return "the twins take their final names"
	}
	return string(st.Kind)
}

// alterDoing is doing for the steps of an ALTER TABLE.
func alterDoing(pl *plans.Plan, st plans.Step) string {
	if st.Alter >= len(pl.Alters) {
		return ""
	}
	a := &pl.Alters[st.Alter]
	switch st.Kind {
	case plans.RunAlter:
		return "alter " + a.Table.Name
	case plans.CreateShadow:
		return "make the empty copy " + a.New + " and change it"
	case plans.CopyRows:
		return "copy " + a.Table.Name + " to " + a.New + " and follow what changes"
	case plans.CompareShadow:
		return "compare every row of " + a.Table.Name + " and " + a.New
	case plans.CutOver:
		return a.New + " takes the place of " + a.Table.Name + ", which becomes " + a.Old
	case plans.DropOld:
		return "drop " + a.Old
	}
	return ""
}

func sides(list []plans.Side) string {
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return strings.Join(out, ", ")
}

func twinWords(t *plans.Twin) string {
	if t == nil {
		return "build a twin"
	}
	kind := strings.ReplaceAll(string(t.Kind), "_", " ")
	switch {
	case t.Kind == plans.TwinNotNull:
		return "make " + strings.Join(t.Columns, ", ") + " NOT NULL"
	case t.Name != "" && t.Of != "" && t.Name != t.Of:
		return fmt.Sprintf("build %s %s, the twin of %s", kind, t.Name, t.Of)
	case t.Name != "":
		return fmt.Sprintf("build %s %s", kind, t.Name)
	}
	return "copy the " + kind + " of the old column"
}
