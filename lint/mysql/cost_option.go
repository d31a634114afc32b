package mysql

import "github.com/phasemig/phasemig/lint"

// whole is a clause that writes the table anew by its own nature.
func (j *judge) rebuilt(k *lint.Relation, what string) cost {
	if j.maria && indexedVirtual(k) {
		return cost{"rebuild-table", inPlace, true, what + " writes a table that has an index on a virtual column anew while writes wait", ""}
	}
	if fulltext(k) {
		return cost{"rebuild-table", copying, true, what + " copies a table that has a FULLTEXT index", ""}
	}
	return cost{"online-rebuild", rebuild, false, what + " writes the table anew", ""}
}

func (j *judge) option(c clause, k *lint.Relation) cost {
	switch c.name {
	case "engine":
		if c.value == "innodb" && (k == nil || k.Storage == "" || same(k.Storage, "innodb")) {
			return j.rebuilt(k, "ENGINE=InnoDB")
		}
		return cost{"change-engine", copying, true, "another engine copies the table", ""}
	case "row_format", "key_block_size", "autoextend_size", "page_compressed", "data directory":
		if c.name == "data directory" || j.maria && c.name == "page_compressed" && c.value == "0" {
			return cost{}
		}
		return j.rebuilt(k, c.name)
	case "tablespace":
		if j.maria {
			return cost{}
		}
		return j.rebuilt(k, "TABLESPACE")
	case "encryption", "encrypted":
		if c.name == "encryption" && j.maria {
			return cost{}
		}
		if c.value == "n" || c.value == "no" {
			if k != nil && k.Options["encryption"] != "y" && k.Options["encrypted"] != "yes" {
				return cost{}
			}
		}
		if j.maria {
			return cost{"rebuild-table", copying, true, "it fails without a plugin that holds keys, and with one every page is written anew", ""}
		}
		return cost{"encryption", copying, true, "the table is copied to encrypt or decrypt it", ""}
	case "union", "insert_method":
		return cost{}
	}
	return cost{}
}

func compressed(k *lint.Relation) bool { return k != nil && k.Options["row_format"] == "compressed" }
