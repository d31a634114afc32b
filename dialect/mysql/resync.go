package mysql

import (
	"fmt"
	"strings"
)

// resync writes one side of one row from the other. The row is locked first and
// mapped in derived tables, where the user's SQL finds the planned names.
func (r rows) resync(where string, newWins bool) string {
	var sets []string
	if newWins {
		for i, o := range r.s.Old {
			v := r.mappedDown(i)
			if o.Plain != "" {
				v = "_pm_n0"
			}
			sets = append(sets, fmt.Sprintf("%s.%s = _pm_row.%s", r.table, quote(r.oldName(i)), v))
		}
	} else {
		for i := range r.s.New {
			sets = append(sets, fmt.Sprintf("%s.%s = _pm_row.%s", r.table, quote(r.newName(i)), r.mappedUp(i)))
		}
	}
	for _, c := range r.x.OnUpdate {
		sets = append(sets, fmt.Sprintf("%s.%s = %s.%s", r.table, quote(c), r.table, quote(c)))
	}
	var on []string
	for i, k := range r.s.Key {
		on = append(on, fmt.Sprintf("%s = _pm_row._pm_k%d", keyForm(k).text(r.table+"."+quote(k.Name)), i))
	}
	return fmt.Sprintf("UPDATE (SELECT * FROM (%s) AS _pm_one LIMIT 1) AS _pm_row STRAIGHT_JOIN %s ON %s AND %s SET %s",
		r.mapped(where+" FOR UPDATE"), r.table, where, strings.Join(on, " AND "), strings.Join(sets, ", "))
}

// disagreeing lists the keys of rows of a range whose sides disagree, recorded or not.
func (r rows) disagreeing(where string) string {
	return fmt.Sprintf("SELECT %s FROM (SELECT %s, %s AS _pm_agree FROM (%s) AS _pm_mapped) AS _pm_rows WHERE NOT _pm_agree",
		r.keyAliases(), r.keyAliases(), r.agreement(), r.mapped(where))
}
