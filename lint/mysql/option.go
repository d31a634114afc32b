package mysql

import (
	"slices"
	"strconv"
	"strings"
)

// tableOptions are those that both servers take.
var tableOptions = []string{"engine", "charset", "collate", "comment", "auto_increment", "row_format", "key_block_size", "tablespace", "data directory", "index directory", "max_rows", "min_rows", "avg_row_length", "checksum",
	"delay_key_write", "pack_keys", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "insert_method", "connection", "password", "union", "storage", "table_checksum"}

// ownOptions are those of one server; true is MariaDB.
var ownOptions = map[bool][]string{
	false: {"compression", "encryption", "secondary_engine", "engine_attribute", "secondary_engine_attribute", "autoextend_size", "start", "secondary_load", "secondary_unload"},
	true:  {"page_compressed", "page_compression_level", "encrypted", "encryption_key_id", "transactional", "page_checksum", "sequence", "ietf_quotes", "system versioning"},
}

// optionFault says why the server takes no such table option, or no such value of it. Other engines than InnoDB have options of their own.
func (j *judge) optionFault(name, value, engine string) string {
	if engine != "" && !strings.EqualFold(engine, "innodb") || name == "" || name == "period" || strings.HasPrefix(name, "srid ") || strings.HasPrefix(name, "compressed ") {
		return ""
	}
	if !slices.Contains(tableOptions, name) && !slices.Contains(ownOptions[j.maria], name) {
		return "this server has no table option " + strings.ToUpper(name)
	}
	oneOf := func(list ...string) string {
		if slices.Contains(list, lower(value)) {
			return ""
		}
		return "InnoDB has no " + strings.ToUpper(name) + "=" + value
	}
	switch name {
	case "secondary_load", "secondary_unload":
		return "the table has no secondary engine"
	case "tablespace":
		return j.spaceFault(lower(value))
	case "row_format":
		return oneOf("default", "dynamic", "compact", "redundant", "compressed")
	case "key_block_size":
		return oneOf("0", "1", "2", "4", "8", "16")
	case "compression":
		return oneOf("zlib", "lz4", "none", "")
	case "engine_attribute":
		if value != "" {
			return "InnoDB has no ENGINE_ATTRIBUTE"
		}
	case "autoextend_size":
		return extentFault(lower(value))
	case "stats_sample_pages":
		if n, err := strconv.Atoi(value); err == nil && (n < 1 || n > 65535) {
			return "STATS_SAMPLE_PAGES is from 1 to 65535"
		}
	case "stats_persistent", "stats_auto_recalc":
		if n, err := strconv.Atoi(value); err == nil && n > 1 {
			return strings.ToUpper(name) + " is 0, 1 or DEFAULT"
		}
	case "encryption":
		return oneOf("y", "n", "")
	case "page_compressed":
		return oneOf("0", "1", "yes", "no", "on", "off")
	case "encrypted":
		return oneOf("yes", "no", "default", "0", "1", "on", "off")
	case "page_compression_level":
		if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 9 {
			return "PAGE_COMPRESSION_LEVEL is from 1 to 9"
		}
	}
	return ""
}

// spaceFault: a tablespace that no statement has made. innodb_temporary is for temporary tables, and mysql for the server's own.
func (j *judge) spaceFault(name string) string {
	switch {
	case j.maria, name == "innodb_file_per_table", name == "innodb_system", name == "innodb_temporary":
		return ""
	case name == "mysql":
		return "the tablespace mysql is the server's own"
	case j.knowsAll() && !j.spaces[name]:
		return "there is no tablespace " + name
	}
	return ""
}

// extentFault: AUTOEXTEND_SIZE is a multiple of 4 MB, up to 4 GB.
func extentFault(value string) string {
	unit := map[byte]int{'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30}
	n, times := value, 1
	if value != "" && unit[value[len(value)-1]] > 0 {
		n, times = value[:len(value)-1], unit[value[len(value)-1]]
	}
	if size, err := strconv.Atoi(n); err == nil && (size*times%(4<<20) != 0 || size*times > 4<<30) {
		return "AUTOEXTEND_SIZE is a multiple of 4M, up to 4G"
	}
	return ""
}
