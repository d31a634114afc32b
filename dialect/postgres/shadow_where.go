package postgres

import "github.com/phasemig/phasemig/schema"

// A shadow has the table's own name in a schema of the run: so its indexes and
// constraints have the names that the clauses of the change, and everybody later, know them by. When
// the tables change places each goes into the other's schema.

// shadowSchema is where the shadow stands until it takes the table's place.
func shadowSchema(planID string) string { return "phasemig_" + planID + "_new" }

// asideSchema is where the table in its old shape stands from then on.
func asideSchema(planID string) string { return "phasemig_" + planID + "_old" }

func shadowPlace(planID string, table schema.Ident) schema.Ident {
	return schema.Ident{Schema: shadowSchema(planID), Name: table.Name}
}

func asidePlace(planID string, table schema.Ident) schema.Ident {
	return schema.Ident{Schema: asideSchema(planID), Name: table.Name}
}
