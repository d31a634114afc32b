package mysql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// settingFaults says why a SET fails: a variable that the server doesn't have, a value that isn't one.
func (j *judge) settingFaults(body string) []string {
	t := Syntax.Tokens(body)
	if len(t) == 0 {
		return nil
	}
	switch u := strings.ToUpper(t[0].Text); u {
	case "NAMES", "CHARSET", "CHARACTER":
		at := 1
		if u == "CHARACTER" {
			at = 2
		}
		if at < len(t) {
			if why := j.encoding(t[at].Value(), ""); why != "" {
				return []string{why}
			}
		}
		return nil
	case "TRANSACTION":
		return isolationFault(t)
	case "PASSWORD", "ROLE", "DEFAULT", "RESOURCE", "STATEMENT":
		return nil
	}
	var out []string
	scope := ""
	for _, part := range cutBy(t, ",") {
		if len(part) > 0 { // it holds for what follows, too
			switch w := strings.ToUpper(part[0].Text); w {
			case "GLOBAL", "PERSIST", "PERSIST_ONLY", "SESSION", "LOCAL":
				scope = w
			}
		}
		if why := j.settingFault(part, scope); why != "" {
			out = append(out, why)
		}
	}
	return out
}

// cutBy cuts tokens at a symbol outside of parentheses.
func cutBy(t []lint.Token, symbol string) [][]lint.Token {
	var out [][]lint.Token
	from, depth := 0, 0
	for i := 0; i <= len(t); i++ {
		switch {
		case i == len(t) || depth == 0 && t[i].Is(symbol):
			out = append(out, t[from:i])
			from = i + 1
		case t[i].Is("("):
			depth++
		case t[i].Is(")"):
			depth--
		}
	}
	return out
}

// exactVariables: the list of variables is this version's.
func (j *judge) exactVariables() bool {
	return j.version >= 80400 && !j.maria || j.maria && j.version >= 101100 && j.version < 110000
}

func (j *judge) settingFault(t []lint.Token, scope string) string {
	if len(t) > 0 && strings.HasPrefix(t[0].Text, "@@") && len(t) > 1 && t[1].Is(".") {
		scope = strings.ToUpper(t[0].Text[2:])
	}
	for len(t) > 0 && (t[0].Is("SESSION") || t[0].Is("LOCAL") || t[0].Is("GLOBAL") || t[0].Is("PERSIST") || t[0].Is("PERSIST_ONLY") || t[0].Is("@@SESSION") || t[0].Is("@@GLOBAL") || t[0].Is("@@LOCAL") || t[0].Is("@@PERSIST") || t[0].Is(".")) {
		t = t[1:]
	}
	if len(t) < 3 || t[0].Kind == lint.Word && strings.HasPrefix(t[0].Text, "@") && !strings.HasPrefix(t[0].Text, "@@") || t[0].Is("TRANSACTION") || !t[1].Is("=") && !t[1].Is(":") {
		return ""
	}
	name := strings.TrimPrefix(lower(t[0].Value()), "@@")
	if j.exactVariables() && !variables()[j.maria][name] {
		return "this server has no system variable " + name
	}
	if why := j.scopeFault(name, scope); why != "" {
		return why
	}
	value := t[len(t)-1]
	if len(t) > 4 || value.Kind == lint.Word && strings.HasPrefix(value.Text, "@") {
		return ""
	}
	switch name {
	case "sql_mode":
		return j.modeFault(value)
	case "collation_connection", "collation_database", "collation_server":
		if value.Kind == lint.String || ident(value) && !value.Is("DEFAULT") {
			return j.encoding("", lower(value.Value()))
		}
	case "default_storage_engine", "default_tmp_storage_engine":
		if value.Kind == lint.String || value.Kind == lint.Word {
			return j.unknownEngine(value.Value())
		}
	case "time_zone":
		return zoneFault(value)
	case "transaction_isolation", "tx_isolation":
		if value.Kind == lint.String && !slices.Contains(isolations, strings.ToUpper(value.Value())) {
			return "there is no isolation level " + value.Text
		}
	case "lock_wait_timeout", "innodb_lock_wait_timeout", "wait_timeout", "interactive_timeout", "net_read_timeout", "net_write_timeout", "max_execution_time", "max_statement_time", "sort_buffer_size", "join_buffer_size", "group_concat_max_len", "cte_max_recursion_depth":
		if value.Kind == lint.String {
			return name + " is a number, and isn't written as a text"
		}
	case "foreign_key_checks", "unique_checks", "autocommit", "sql_log_bin":
		switch strings.ToUpper(value.Value()) {
		case "0", "1", "ON", "OFF", "TRUE", "FALSE", "DEFAULT":
		default:
			return name + " is ON or OFF"
		}
	}
	return ""
}

// isolationFault looks at SET TRANSACTION ISOLATION LEVEL.
func isolationFault(t []lint.Token) []string {
	for i := range t {
		if !t[i].Is("LEVEL") || i+1 >= len(t) {
			continue
		}
		if w := strings.ToUpper(plainWords(t[i+1:])); !slices.ContainsFunc(isolations, func(level string) bool { return strings.HasPrefix(w, strings.ReplaceAll(level, "-", " ")) }) {
			return []string{"there is no isolation level " + w}
		}
	}
	return nil
}

// zoneFault: an offset from UTC is between -13:59 and +14:00. Whether a name is known depends on what was loaded.
func zoneFault(value lint.Token) string {
	v := value.Value()
	if value.Kind != lint.String || v == "" || v[0] != '+' && v[0] != '-' {
		return ""
	}
	h, m, ok := strings.Cut(v[1:], ":")
	hours, err := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	most := 14*60 + 0
	if v[0] == '-' {
		most = 13*60 + 59
	}
	if !ok || err != nil || err2 != nil || minutes > 59 || hours*60+minutes > most {
		return "there is no time zone " + v
	}
	return ""
}

// isolations are the levels as the variable names them.
var isolations = []string{"READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"}

// scopeFault: a variable without a value of the session is set for it, or one that changes only at a server's start.
func (j *judge) scopeFault(name, scope string) string {
	if !j.exactVariables() || scope == "PERSIST_ONLY" {
		return ""
	}
	known := variables()[j.maria]
	switch everywhere := scope == "GLOBAL" || scope == "PERSIST"; {
	case known[name+":fixed"]:
		return name + " changes only at the start of the server"
	case known[name+":global"] && !everywhere:
		return name + " has no value of the session; SET GLOBAL changes it for everybody"
	}
	return ""
}

// modes are what sql_mode takes on both servers.
var modes = " real_as_float pipes_as_concat ansi_quotes ignore_space only_full_group_by no_unsigned_subtraction no_dir_in_create ansi no_auto_value_on_zero no_backslash_escapes strict_trans_tables strict_all_tables no_zero_in_date no_zero_date allow_invalid_dates error_for_division_by_zero traditional high_not_precedence no_engine_substitution pad_char_to_full_length "

// oldModes are those that MySQL took away in 8.0, and MariaDB's own.
var oldModes = " postgresql oracle mssql db2 maxdb no_key_options no_table_options no_field_options mysql323 mysql40 no_auto_create_user empty_string_is_null simultaneous_assignment time_round_fractional ignore_bad_table_options "

func (j *judge) modeFault(value lint.Token) string {
	if value.Kind != lint.String {
		return ""
	}
	for _, m := range strings.Split(lower(value.Value()), ",") {
		known := strings.Contains(modes, " "+m+" ") || (j.maria || j.version < 80000) && strings.Contains(oldModes, " "+m+" ") || !j.maria && m == "time_truncate_fractional"
		if m != "" && !known {
			return "this server has no sql_mode " + strings.ToUpper(m)
		}
	}
	return ""
}
