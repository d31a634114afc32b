package plans

import "fmt"

// notes are what a reviewer must know and no step says.
func (b *builder) notes(p *Plan) []string {
	var out []string
	if len(p.Replicas) == 0 && len(p.Recipes) == 0 {
		out = append(out, "No replica is named: the switch stays shut until replicas are named or `replicas: none` is said.")
	}
	for i := range p.Syncs {
		out = append(out, syncNotes(&p.Syncs[i])...)
	}
	for i := range p.Alters {
		out = append(out, p.Alters[i].Notes...)
	}
	out = append(out, b.copyNotes(p)...)
	for i := range p.Recipes {
		out = append(out, p.Recipes[i].Notes...)
	}
	return out
}

func syncNotes(s *Sync) []string {
	var out []string
	at := fmt.Sprintf("%s (%s)", s.Table, names(s.Old))
	if !s.Bijective {
		out = append(out, at+": the mapping there and back is not known to be the identity; a row agrees when new = up(old) or old = down(new).")
	}
	if s.Fallible && s.OnUnreturnable == "record" {
		out = append(out, at+": new code can write values that the old shape can't hold; they are listed and close the way back unless given up by name.")
	}
	if s.Fallible && s.OnUnreturnable == "reject" {
		out = append(out, at+": a write of a value that the old shape can't hold is rejected until contract.")
	}
	if s.Move != nil {
		out = append(out, s.moveNotes()...)
	}
	if s.DualWrite == "app" {
		out = append(out, at+": the application keeps both sides in step; the whole table is compared again at the switch.")
	}
	return out
}
