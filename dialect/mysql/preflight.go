package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Preflight implements dialect.Server.
func (s *server) Preflight(ctx context.Context, p *plans.Plan) ([]dialect.Advice, error) {
	k := checkup{s: s, ctx: ctx}
	n := needs(p)
	vars := k.server(n.triggers)
	k.rights(p.Tables(), n)
	for _, i := range p.Shadows() {
		k.shadow(&p.Alters[i], vars)
	}
	for _, id := range p.Tables() {
		if p.MayMiss(id) { // its triggers, if there are any, go with it
			continue
		}
		k.definers(id)
		k.transactions(id)
	}
	for i := range p.Syncs {
		k.texts(&p.Syncs[i])
	}
	return k.list, k.err
}

// Doctor implements dialect.Server.
func (s *server) Doctor(ctx context.Context, tables []schema.Ident) ([]dialect.Advice, error) {
	k := checkup{s: s, ctx: ctx}
	k.version()
	vars := k.server(true)
	k.rights(tables, demand{triggers: true, indexes: true})
	for _, id := range tables {
		k.definers(id)
	}
	if k.err == nil {
		k.logged(vars, func(check, detail, fix string) {
			k.warn(check, detail+": no ALTER TABLE can be done on a shadow", fix)
		})
		k.logReader()
	}
	return k.list, k.err
}

// demand is what a plan asks of the account besides what every plan asks.
type demand struct {
	triggers, indexes, grants bool
	parents                   []schema.Ident
	whole                     []schema.Ident // tables that are made or dropped
}

func needs(p *plans.Plan) demand {
	var n demand
	for i := range p.Syncs {
		s := &p.Syncs[i]
		n.triggers = n.triggers || s.Trigger != ""
		for _, w := range s.Twins {
			switch w.Kind {
			case plans.TwinIndex, plans.TwinUnique:
				n.indexes = true
			case plans.TwinGrants:
				n.grants = true
			case plans.TwinForeignKey:
				n.parents = append(n.parents, parent(w.Definition))
			}
		}
	}
	for i := range p.Recipes {
		n.whole = append(n.whole, p.Recipes[i].Table)
	}
	for i := range p.Alters {
		n.triggers = n.triggers || len((alterKitchen{a: &p.Alters[i]}).carried(triggerNames, false)) > 0
	}
	return n
}

// parent is the table behind REFERENCES.
func parent(definition string) schema.Ident {
	list := tokens(definition)
	for i := range list {
		if words(list[i:], "REFERENCES") && i+3 < len(list) {
			return schema.Ident{Schema: unquote(list[i+1].text), Name: unquote(list[i+3].text)}
		}
	}
	return schema.Ident{}
}

// checkup collects advice; the first error that isn't advice ends it.
type checkup struct {
	s    *server
	ctx  context.Context
	list []dialect.Advice
	err  error
}

func (k *checkup) good(check, detail string) {
	k.list = append(k.list, dialect.Advice{Check: check, OK: true, Detail: detail})
}

func (k *checkup) bad(check, detail, fix string) {
	k.list = append(k.list, dialect.Advice{Check: check, Fatal: true, Detail: detail, Fix: fix})
}

func (k *checkup) warn(check, detail, fix string) {
	k.list = append(k.list, dialect.Advice{Check: check, Detail: detail, Fix: fix})
}

func (k *checkup) version() {
	v, err := k.s.Info(k.ctx)
	if err != nil {
		k.err = err
		return
	}
	detail := v.Product + " " + v.Version
	if v.Managed != "" {
		detail += ", managed: " + v.Managed
	}
	if !v.Can.InvisibleColumns || !v.Can.RenameColumn || !v.Can.SkipLocked {
		k.bad("version", detail+" is too old: no invisible columns, no RENAME COLUMN or no SKIP LOCKED", "MySQL 8.0.23 or MariaDB 10.6 or later")
		return
	}
	k.good("version", detail)
}

// server checks settings and what stands in front.
func (k *checkup) server(triggers bool) (vars map[string]string) {
	if k.err != nil {
		return nil
	}
	vars, err := k.s.variables(k.ctx, k.s.db)
	if err != nil {
		k.err = fmt.Errorf("read the server's settings: %w", classify(err))
		return nil
	}
	proxied, err := k.s.proxied(k.ctx)
	if err != nil {
		k.err = err
		return nil
	}
	for _, c := range []struct{ check, why, fix string }{
		{"proxy", proxied, "connect to the server itself"},
		{"read_only", readOnly(vars), "connect to the primary"},
		{"single_primary", multiPrimary(vars), "use a single-primary server"},
		{"binlog_format", statementFormat(vars), "SET GLOBAL binlog_format = 'ROW'"},
	} {
		if c.why != "" {
			k.bad(c.check, c.why, c.fix)
		} else {
			k.good(c.check, "")
		}
	}
	if triggers {
		k.triggerCreation(vars)
	}
	return vars
}

func statementFormat(vars map[string]string) string {
	if on(vars["log_bin"]) && strings.EqualFold(vars["binlog_format"], "STATEMENT") {
		return "the binary log is written as statements, which READ COMMITTED transactions can't be (1665), and triggers that read a session's mark can't be either"
	}
	return ""
}

// triggerCreation: with a binary log, only SUPER may create triggers, unless the
// variable says otherwise. No smaller privilege helps.
func (k *checkup) triggerCreation(vars map[string]string) {
	const check = "log_bin_trust_function_creators"
	if !on(vars["log_bin"]) || on(vars[check]) {
		k.good(check, "")
		return
	}
	r, err := k.s.rights(k.ctx)
	if err != nil {
		k.err = err
		return
	}
	anywhere := schema.Ident{Schema: "*", Name: "*"}
	if r.has("SUPER", anywhere) || r.has("BINLOG ADMIN", anywhere) {
		k.good(check, "off, but the account has SUPER")
		return
	}
	fix := "SET GLOBAL log_bin_trust_function_creators = 1"
	switch managed(vars) {
	case "rds", "aurora":
		fix = "set log_bin_trust_function_creators = 1 in the DB parameter group (it is dynamic)"
	case "cloudsql":
		fix = "gcloud sql instances patch INSTANCE --database-flags=log_bin_trust_function_creators=on"
	case "azure":
		fix = "az mysql flexible-server parameter set --name log_bin_trust_function_creators --value ON"
	}
	k.bad(check, "the binary log is on and the variable is off: CREATE TRIGGER fails (1419) for accounts without SUPER; no other grant helps", fix)
}

// rights lists each missing privilege with the statement that mends it.
func (k *checkup) rights(tables []schema.Ident, n demand) {
	if k.err != nil {
		return
	}
	r, err := k.s.rights(k.ctx)
	if err != nil {
		k.err = err
		return
	}
	for _, id := range n.whole {
		k.privileges(r, id, []string{"CREATE", "DROP"}, true)
	}
	state := schema.Ident{Schema: stateSchema, Name: "*"}
	k.privileges(r, state, []string{"CREATE", "DROP", "SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "LOCK TABLES"}, true)
	for _, id := range tables {
		if id.Schema == "" {
			id.Schema = k.s.config.DBName
		}
		want := []string{"SELECT", "INSERT", "UPDATE", "ALTER"}
		if n.triggers {
			want = append(want, "TRIGGER")
		}
		if n.indexes {
			want = append(want, "INDEX")
		}
		if n.grants {
			want = append(want, "GRANT OPTION")
		}
		k.privileges(r, id, want, true)
		k.privileges(r, schema.Ident{Schema: id.Schema, Name: "*"}, []string{"LOCK TABLES"}, true)
	}
	for _, id := range n.parents {
		k.privileges(r, id, []string{"REFERENCES"}, true)
	}
	k.privileges(r, schema.Ident{Schema: "*", Name: "*"}, []string{"PROCESS"}, false)
	if !mariadb(k.s.see) {
		k.privileges(r, schema.Ident{Schema: "performance_schema", Name: "*"}, []string{"SELECT"}, false)
	}
}

func (k *checkup) privileges(r rights, on schema.Ident, want []string, fatal bool) {
	missing := slices.DeleteFunc(slices.Clone(want), func(p string) bool { return r.has(p, on) })
	where := grantTarget(on)
	if on.Schema != "*" && on.Name == "*" {
		where = quote(r.pattern(on.Schema)) + ".*"
	}
	check := "grants on " + where
	if len(missing) == 0 {
		k.good(check, strings.Join(want, ", "))
		return
	}
	fix := fmt.Sprintf("GRANT %s ON %s TO %s", strings.Join(missing, ", "), where, r.account)
	if missing[0] == "GRANT OPTION" {
		fix = fmt.Sprintf("GRANT SELECT, INSERT, UPDATE, REFERENCES ON %s TO %s WITH GRANT OPTION", where, r.account)
	}
	if fatal {
		k.bad(check, "missing: "+strings.Join(missing, ", "), fix)
		return
	}
	k.warn(check, "missing: "+strings.Join(missing, ", ")+": lock holders and the server's load can't be told", fix)
}

func grantTarget(on schema.Ident) string {
	part := func(s string) string {
		if s == "*" {
			return s
		}
		return quote(s)
	}
	return part(on.Schema) + "." + part(on.Name)
}

// definers: a trigger whose definer is gone fails every write (1449).
func (k *checkup) definers(id schema.Ident) {
	if k.err != nil {
		return
	}
	t, err := k.s.Table(k.ctx, id)
	if err != nil {
		k.err = err
		return
	}
	accounts, err := records(k.ctx, k.s.db, "SELECT CONCAT(user, '@', host) AS account FROM mysql.user")
	if errors.Is(err, dberr.Denied) {
		k.durable()
		return
	}
	if err != nil {
		k.err = fmt.Errorf("list the accounts: %w", err)
		return
	}
	known := func(a string) bool {
		return slices.ContainsFunc(accounts, func(r record) bool { return r["account"] == a })
	}
	for _, g := range t.Triggers {
		if ours(g.Name) && !known(g.Definer) {
			k.bad("definer", fmt.Sprintf("the definer %s of trigger %s is gone: every write to %s fails (1449)", g.Definer, g.Name, t.Ident), "CREATE USER again, or take the trigger away by phasemig rollback")
			return
		}
	}
	if d := k.s.definer; d != "" && !known(d) {
		k.bad("definer", "the account "+d+" of the target's parameter definer does not exist", "CREATE USER "+d)
		return
	}
	k.durable()
}

// durable warns of accounts that a secrets manager makes and drops.
func (k *checkup) durable() {
	who := k.s.definer
	if who == "" {
		who = k.s.see.User
	}
	if strings.HasPrefix(who, "v-") {
		k.warn("definer", "the triggers would belong to "+who+", which looks like an account with a short life; when it is dropped every write fails (1449)", "add definer=durable_account@host to the target URL")
		return
	}
	k.good("definer", who)
}

// transactions that are open for long will stand in the way of the first DDL.
func (k *checkup) transactions(id schema.Ident) {
	if k.err != nil {
		return
	}
	list, err := k.s.Holders(k.ctx, id)
	if err != nil {
		k.err = err
		return
	}
	for _, h := range list {
		if h.Age >= 10*time.Second || h.Kind == "prepared" {
			k.warn("open transactions", h.String()+" holds a lock on "+id.String()+"; a step that needs it exclusively will wait and retry", "end it, or wait")
			return
		}
	}
	k.good("open transactions", "none that is long on "+id.String())
}

// texts finds code in the server that names table and column. It can't be said
// what it does with them, so it is a warning.
func (k *checkup) texts(s *plans.Sync) {
	if k.err != nil {
		return
	}
	list, err := records(k.ctx, k.s.db, `SELECT 'routine' AS kind, CONCAT(routine_schema, '.', routine_name) AS name, routine_definition AS body FROM information_schema.routines
		WHERE routine_schema NOT IN ('sys', 'mysql') AND LOCATE(?, routine_definition) > 0
		UNION ALL SELECT 'event', CONCAT(event_schema, '.', event_name), event_definition FROM information_schema.events WHERE LOCATE(?, event_definition) > 0
		UNION ALL SELECT 'trigger', CONCAT(trigger_schema, '.', trigger_name), action_statement FROM information_schema.triggers WHERE LOCATE(?, action_statement) > 0 AND event_object_table <> ?`,
		s.Table.Name, s.Table.Name, s.Table.Name, s.Table.Name)
	if err != nil {
		k.err = fmt.Errorf("search routines and events: %w", err)
		return
	}
	for _, r := range list {
		for _, o := range s.Old {
			if words := tokens(r["body"]); mentions(words, s.Table.Name) && mentions(words, o.Name) {
				k.warn("code in the server", fmt.Sprintf("%s %s names %s and %s", r["kind"], r["name"], s.Table.Name, o.Name), "change it before contract")
			}
		}
	}
}
