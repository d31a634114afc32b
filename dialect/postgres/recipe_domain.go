package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// notProven is why a domain's constraint stays NOT VALID: no version has a weaker lock for it.
const notProven = "the server validates it under a SHARE lock, which keeps writes to every table with a column of the domain waiting for as long as it reads them"

const otherProof = "leave it NOT VALID, which holds for new values; to have old ones proven, add_check on each table that has such a column"

// addDomainCheck adds a CHECK for new values.
func (r *recipe) addDomainCheck(c *plans.AddCheck) error {
	st := r.constrain(c.Name, checkClause(c))
	st.SQL, st.Act.After, st.Scans, st.Estimate, st.Lock = st.SQL[:1], st.Act.After[:1], false, plans.Estimate{}, readLock
	st.Act.Does = "add constraint " + c.Name
	st.Because = "Added NOT VALID, which looks at no row and locks no table: the domain refuses new values that break it from then on."
	r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s of domain %s stays NOT VALID: %s. To have old values proven, add_check on each table that has such a column.", c.Name, r.t.Ident, notProven))
	r.add(st)
	return nil
}

// dropDomainCheck is in contract. One that is valid could not be so again without blocking writes.
func (r *recipe) dropDomainCheck(c schema.Constraint) error {
	if !c.NotValid {
		return r.refuse("if that is all right, by hand: it is a moment's work and locks no table", "there would be no way back to a valid constraint: %s", notProven)
	}
	a := &plans.Act{Phase: plans.Contract, Does: "drop constraint " + c.Name, Sees: constraintObjects(c.Name), Otherwise: r.spelling(c)}
	st := plans.Step{SQL: []string{r.dropConstraintSQL(c.Name)}, Lock: readLock, Act: a,
		Because: "A moment's work in the catalog, without a lock on tables. The way back adds it NOT VALID, as it was."}
	st.Undo, a.Undone = r.constrainAgain(a, c)
	a.Before, a.After = a.Looks(withConstraint(c)), looks(a, nothing())
	r.out.Objects = []string{c.Name}
	r.add(st)
	return nil
}
