package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// names chooses what the table's shadow and the old table are called. Where the tables
// can't be renamed by the session that has locked them, a second one waits for the
// table with its RENAME. The server takes the locks of a RENAME in the order of the names'
// bytes; only when the table's own name comes first does a session that is seen to wait
// wait for the table, and nobody can write between the end of the lock and the RENAME.
func (x *alterResolver) names() error {
	if x.f.Server.Can.SwapsUnderLock {
		return nil
	}
	for _, front := range []string{"_" + x.t.Name, x.t.Name, "~" + x.t.Name} {
		made, old := plans.CutName(front+"_pm_new", nameLimit, false), plans.CutName(front+"_pm_old", nameLimit, false)
		if behind(x.t.Name, made) && behind(x.t.Name, old) {
			x.a.New, x.a.Old = made, old
			return nil
		}
	}
	return x.refuse("give the table another name first", "no name that a shadow could have stands behind %q in the order in which this server takes locks", x.t.Name)
}

// nameLimit is the longest name of a table, an index, a constraint or a trigger, in
// characters.
const nameLimit = 64

// behind reports whether the server locks b after a, whatever case it keeps names in.
func behind(a, b string) bool {
	low, lowB := strings.ToLower(a), strings.ToLower(b)
	return a+"\x00" < b+"\x00" && low+"\x00" < lowB+"\x00"
}

// aside is the name that the table which isn't in use has, before the swap or after it.
func (k alterKitchen) aside(name string) schema.Ident {
	return schema.Ident{Schema: k.a.Table.Schema, Name: name}
}
