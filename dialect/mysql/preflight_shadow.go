package mysql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// What an ALTER TABLE on a shadow asks of server and account besides what every plan
// does: its changes are followed in the binary log, so that log must hold every row.

// shadow checks all of it for one table.
func (k *checkup) shadow(a *plans.Alter, vars map[string]string) {
	if k.err != nil {
		return
	}
	k.logged(vars, k.bad)
	k.filtered([]schema.Ident{a.Table})
	k.shadowRights(a)
	k.room(vars, a.Table)
}

// logReader warns where the account can't read the log.
func (k *checkup) logReader() {
	r, err := k.s.rights(k.ctx)
	if err != nil {
		k.err = err
		return
	}
	anywhere := schema.Ident{Schema: "*", Name: "*"}
	missing := slices.DeleteFunc(k.logRights(), func(p string) bool { return r.has(p, anywhere) })
	if len(missing) > 0 {
		k.warn("reading the log", "missing: "+strings.Join(missing, ", ")+": no ALTER TABLE can be done on a shadow", fmt.Sprintf("GRANT %s ON *.* TO %s", strings.Join(missing, ", "), r.account))
		return
	}
	k.good("reading the log", "")
}

// logged checks the settings of the log, and says what is wrong with them.
func (k *checkup) logged(vars map[string]string, say func(check, detail, fix string)) {
	restart := "; sessions keep the value that they began with: reconnect the application"
	for _, c := range []struct {
		check string
		ok    bool
		why   string
		fix   string
	}{
		{"log_bin", on(vars["log_bin"]), "the server keeps no binary log, which changes are read from while a table is copied", "start the server with log_bin and a server_id"},
		{"binlog_format", strings.EqualFold(vars["binlog_format"], "ROW"), "the binary log is written as " + vars["binlog_format"] + ", so that it may hold statements instead of their rows", "SET GLOBAL binlog_format = 'ROW'" + restart},
		{"binlog_row_image", strings.EqualFold(vars["binlog_row_image"], "FULL"), "the binary log holds only parts of the rows: binlog_row_image is " + vars["binlog_row_image"], "SET GLOBAL binlog_row_image = 'FULL'" + restart},
		{"binlog_row_value_options", vars["binlog_row_value_options"] == "", "the binary log holds only parts of JSON values: binlog_row_value_options is " + vars["binlog_row_value_options"], "SET GLOBAL binlog_row_value_options = ''" + restart},
		{"binlog_order_commits", vars["binlog_order_commits"] == "" || on(vars["binlog_order_commits"]), "transactions may become visible in another order than that of the binary log", "SET GLOBAL binlog_order_commits = ON"},
		{"server_id", vars["server_id"] != "0", "the server gives its binary log to nobody while its server_id is 0", "SET GLOBAL server_id = 1 (and in the server's configuration)"},
	} {
		if c.ok {
			k.good(c.check, "")
			continue
		}
		say(c.check, c.why, c.fix)
	}
}

// filtered finds a database whose changes the log leaves out.
func (k *checkup) filtered(tables []schema.Ident) {
	if k.err != nil {
		return
	}
	list, err := k.s.logStatus(k.ctx)
	if err != nil || len(list) == 0 {
		return // what is missing is named elsewhere
	}
	only, never := names(list[0]["binlog_do_db"]), names(list[0]["binlog_ignore_db"])
	dbs := []string{stateSchema}
	for _, id := range tables {
		dbs = append(dbs, id.Schema)
	}
	for _, db := range dbs {
		if len(only) > 0 && !slices.Contains(only, db) || slices.Contains(never, db) {
			k.bad("binlog filters", "the binary log leaves out the changes of database "+db, "take binlog_do_db and binlog_ignore_db out of the server's configuration and restart it")
			return
		}
	}
	k.good("binlog filters", "")
}

func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// shadowRights are those to read the log, and to make, fill, rename and drop tables beside
// the table.
func (k *checkup) shadowRights(a *plans.Alter) {
	if k.err != nil {
		return
	}
	r, err := k.s.rights(k.ctx)
	if err != nil {
		k.err = err
		return
	}
	k.privileges(r, schema.Ident{Schema: "*", Name: "*"}, k.logRights(), true)
	k.privileges(r, schema.Ident{Schema: stateSchema, Name: "*"}, []string{"CREATE TEMPORARY TABLES"}, true)
	want := []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "LOCK TABLES"}
	t, err := k.s.Table(k.ctx, a.Table)
	if err != nil {
		k.err = err
		return
	}
	if len(t.Triggers) > 0 {
		want = append(want, "TRIGGER")
	}
	k.privileges(r, schema.Ident{Schema: a.Table.Schema, Name: "*"}, want, true)
	for _, id := range k.parentsOf(t, a) {
		k.privileges(r, id, []string{"REFERENCES"}, true)
	}
	k.triggerOwners(r, t)
	if !mariadb(k.s.see) && !r.has("XA_RECOVER_ADMIN", schema.Ident{Schema: "*", Name: "*"}) {
		k.warn("grants on *.*", "missing: XA_RECOVER_ADMIN: a transaction that was prepared before the copy begins isn't seen before its end stops the copy", "GRANT XA_RECOVER_ADMIN ON *.* TO "+r.account)
	}
}

func (k *checkup) logRights() []string {
	if mariadb(k.s.see) {
		return []string{"REPLICATION SLAVE", "BINLOG MONITOR"}
	}
	return []string{"REPLICATION SLAVE", "REPLICATION CLIENT"}
}

func (k *checkup) parentsOf(t *schema.Table, a *plans.Alter) []schema.Ident {
	out := map[schema.Ident]bool{}
	for _, c := range outgoing(t) {
		out[c.Ref] = true
	}
	for _, text := range (alterKitchen{a: a}).added() {
		if c, ok := parseKey(text); ok {
			out[c.Ref] = true
		}
	}
	return slices.SortedFunc(maps.Keys(out), func(a, b schema.Ident) int { return strings.Compare(a.String(), b.String()) })
}

// triggerOwners: a trigger keeps its definer, for which an account needs a right if it isn't
// that one itself.
func (k *checkup) triggerOwners(r rights, t *schema.Table) {
	anywhere := schema.Ident{Schema: "*", Name: "*"}
	for _, g := range t.Triggers {
		at := strings.LastIndex(g.Definer, "@")
		if at < 0 || quote(g.Definer[:at])+"@"+quote(g.Definer[at+1:]) == r.account {
			continue
		}
		names := []string{"SET_ANY_DEFINER", "SET_USER_ID", "SUPER"}
		if mariadb(k.s.see) {
			names = []string{"SET USER", "SUPER"}
		}
		if slices.ContainsFunc(names, func(n string) bool { return r.has(n, anywhere) }) {
			continue
		}
		k.bad("definer of trigger "+g.Name, fmt.Sprintf("it belongs to %s, and this account may not make a trigger of another one", g.Definer), fmt.Sprintf("GRANT %s ON *.* TO %s", names[0], r.account))
	}
}

// room: where the server tells what its disks have left, it must be enough for the second
// copy and its log.
func (k *checkup) room(vars map[string]string, id schema.Ident) {
	if k.err != nil {
		return
	}
	list, err := records(k.ctx, k.s.db, "SELECT path, available FROM information_schema.disks")
	if err != nil {
		return // not told here
	}
	t, err := k.s.Table(k.ctx, id)
	if err != nil {
		k.err = err
		return
	}
	best, free := "", int64(-1)
	for _, d := range list {
		if strings.HasPrefix(vars["datadir"], d["path"]) && len(d["path"]) >= len(best) {
			best, free = d["path"], d.int("available")<<10
		}
	}
	need := 2*t.Bytes + t.Bytes/2
	switch {
	case free < 0:
	case free < need:
		k.bad("disk", fmt.Sprintf("the copy of %s and what is logged of it take about %d MB, and %s has %d MB left", id, need>>20, best, free>>20), "make room on the server")
	default:
		k.good("disk", fmt.Sprintf("%d MB left on %s", free>>20, best))
	}
}
