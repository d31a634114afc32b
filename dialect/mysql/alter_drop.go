package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// dropsAlone tells whether an ALTER TABLE does nothing but drop foreign keys and checks. A copy of the table has the former not
// at all and the latter under other names, so that the clauses can neither be tried on it as they are nor done to it.
func (a alteration) dropsAlone() (bool, error) {
	off := slices.Concat(a.keysOff, a.constraintsOff)
	switch {
	case len(off) == 0:
		return false, nil
	case len(off) < a.clauses:
		return false, fmt.Errorf("the drop of constraint %s (DROP FOREIGN KEY %s) stands beside other clauses: a copy of the table has its constraints under other names, so that they can't be tried there; drop it by an ALTER TABLE of its own first", off[0], off[0])
	}
	return true, nil
}

// onCopy is what drops the same constraints of an empty copy; "" where it has none of them.
func (p *prober) onCopy(a alteration) (string, error) {
	t, err := p.read()
	if err != nil {
		return "", err
	}
	var out []string
	for _, name := range slices.Concat(a.keysOff, a.constraintsOff) {
		c, ok := p.table.Constraint(name)
		switch {
		case ok && c.Kind == schema.ForeignKey && !c.Incoming:
			continue
		case ok && c.Kind == schema.Check:
			n := slices.IndexFunc(t.Constraints, func(k schema.Constraint) bool { return k.Kind == schema.Check && k.Definition == c.Definition })
			if n < 0 {
				return "", fmt.Errorf("the copy doesn't have the check of %s", name)
			}
			name = t.Constraints[n].Name
			t.Constraints = slices.Delete(t.Constraints, n, n+1) // another one may say the same
		}
		out = append(out, "DROP CONSTRAINT "+quote(name))
	}
	return strings.Join(out, ", "), nil
}

// drops tries the drop of constraints.
func (p *prober) drops(a alteration, out *plans.AlterFacts) error {
	if err := p.make(); err != nil {
		return fmt.Errorf("make an empty copy of %s to try the change on: %w", p.table.Ident, err)
	}
	var err error
	if p.sql, err = p.onCopy(a); err != nil {
		return err
	}
	if p.sql != "" {
		if err := p.run(out); err != nil {
			return err
		}
	} else if out.Result, err = p.read(); err != nil {
		return err
	}
	out.NotShadow = "it drops constraints, which a copy of the table has under other names: " + strings.Join(slices.Concat(a.keysOff, a.constraintsOff), ", ")
	if out.NotInstant == "" && len(a.keysOff) > 0 {
		out.NotInstant = "a foreign key is dropped in place"
	}
	return nil
}

// keysOffOf are the constraints named in DROP CONSTRAINT that are foreign keys, with those of DROP FOREIGN KEY.
func (a *alteration) keysOffOf(t *schema.Table) {
	isKey := func(name string) bool {
		c, ok := t.Constraint(name)
		return ok && c.Kind == schema.ForeignKey && !c.Incoming
	}
	for _, name := range a.constraintsOff {
		if isKey(name) {
			a.keysOff = append(a.keysOff, name)
		}
	}
	a.constraintsOff = slices.DeleteFunc(a.constraintsOff, isKey)
}
