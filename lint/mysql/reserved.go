package mysql

import "strings"

// reservedBoth are words that can't be names without quotes, on both servers.
const reservedBoth = ` accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case change char character check collate column condition constraint continue convert create cross current_date current_time current_timestamp current_user cursor databases day_hour day_microsecond day_minute day_second dec decimal declare default delayed delete desc describe deterministic distinct distinctrow div double drop dual each else elseif enclosed escaped except exists exit explain false fetch float float4 float8 for force foreign from fulltext grant group having high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into is iterate join key keys kill leading leave left like limit linear lines load localtime localtimestamp lock long longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod modifies natural not no_write_to_binlog null numeric on optimize optionally or order out outer outfile over partition precision primary procedure purge range read reads read_write real recursive references regexp release rename repeat replace require resignal restrict return revoke right rlike row_number rows schemas second_microsecond select sensitive separator set show signal smallint spatial specific sql sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl starting straight_join table terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying when where while with write xor year_month zerofill `

const reservedMySQL = ` database option schema cube cume_dist dense_rank empty first_value function get groups grouping io_after_gtids io_before_gtids json_table lag last_value lateral lead nth_value ntile of optimizer_costs percent_rank rank row stored system virtual window generated library qualify tablesample `

const reservedMariaDB = ` current_role delete_domain_id do_domain_ids ignore_domain_ids offset page_checksum parse_vcol_expr ref_system_id returning stats_auto_recalc stats_persistent stats_sample_pages `

// reserved reports whether a name needs quotes on this server and version.
func (j *judge) reserved(name string) bool {
	w := " " + lower(name) + " "
	if j.maria {
		return strings.Contains(reservedBoth, w) || strings.Contains(reservedMariaDB, w)
	}
	if strings.Contains(" row_number recursive over except intersect cube cume_dist dense_rank empty first_value function groups grouping json_table lag last_value lateral lead nth_value ntile of percent_rank rank row system window rows ", w) && j.version < 80000 {
		return false
	}
	if strings.Contains(" intersect ", w) && j.version < 80031 || strings.Contains(" qualify tablesample library ", w) && j.version < 80400 {
		return false
	}
	return strings.Contains(reservedBoth, w) || strings.Contains(reservedMySQL, w)
}
