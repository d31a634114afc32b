package lintset

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// definition is a statement that changes definitions and reads rows only to make tables or indexes anew.
var definition = regexp.MustCompile(`(?is)^\s*(alter\s+(table|view|database|sequence)|create\s+(or\s+replace\s+)?(unique\s+|fulltext\s+|spatial\s+)?(index|view|trigger|procedure|function)|drop\s+(table|index|view|trigger|procedure|function|sequence)|rename\s+table|grant|revoke)\b`)

// moving are the changes of definitions that do more than that with rows.
var moving = regexp.MustCompile(`(?i)\b(exchange|convert|truncate|analyze|check|rebuild|repair|optimize)\s+(partition|table)|\bdiscard\b|\bimport\b`)

// structure is what InnoDB calls the tables and indexes of the case. One that is made anew, by whatever algorithm, has another number.
type structure struct {
	tables, indexes map[string]string
	others          string // how many tables other engines have, of which InnoDB knows nothing
}

func (m mysql) structure(ctx context.Context, s session) (structure, error) {
	tables, indexes := "INNODB_TABLES", "INNODB_INDEXES"
	if m.server.Kind() == throwaway.MariaDB {
		tables, indexes = "INNODB_SYS_TABLES", "INNODB_SYS_INDEXES"
	}
	out := structure{tables: map[string]string{}, indexes: map[string]string{}}
	rows, err := s.exec(ctx, fmt.Sprintf("SELECT t.NAME, t.TABLE_ID, i.INDEX_ID FROM information_schema.%s t LEFT JOIN information_schema.%s i USING (TABLE_ID) WHERE t.NAME LIKE '%s/%%'", tables, indexes, webshop))
	if err != nil {
		return structure{}, fmt.Errorf("read the structure: %w", err)
	}
	for _, r := range rows {
		out.tables[r[0]] = r[1]
		out.indexes[r[2]] = r[1]
	}
	rows, err = s.exec(ctx, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND ENGINE <> 'InnoDB'")
	if err != nil {
		return structure{}, fmt.Errorf("count the tables of other engines: %w", err)
	}
	out.others = rows[0][0]
	return out, nil
}

// still says that every table that was there is the same one, with no index and no partition that wasn't there. MySQL doesn't
// list the indexes of partitions; of such tables, and of other engines', nothing is known.
func (now structure) still(before structure) bool {
	if before.indexes[""] != "" || now.indexes[""] != "" || before.others != "0" || now.others != "0" {
		return false
	}
	old, names := map[string]bool{}, map[string]bool{}
	for name, id := range before.tables {
		old[id], names[whole(name)] = true, true
	}
	for name, id := range now.tables {
		if !old[id] && names[whole(name)] {
			return false
		}
	}
	for index, table := range now.indexes {
		if _, ok := before.indexes[index]; !ok && old[table] {
			return false
		}
	}
	return true
}

// whole is the name of the table that a partition belongs to.
func whole(name string) string {
	table, _, _ := strings.Cut(strings.ToLower(name), "#p#")
	return table
}
