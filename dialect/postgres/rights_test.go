package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// plain logs in as a user that owns nothing but what it is given.
func (b *bench) plain(role string, grants ...string) *bench {
	b.Helper()
	u, err := url.Parse(b.dsn)
	if err != nil {
		b.Fatal(err)
	}
	b.exec("DO $$ BEGIN CREATE ROLE " + role + " LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
	b.exec(grants...)
	b.Cleanup(func() { b.forget(role) })
	u.User = url.User(role)
	return newBench(b.T, b.kind, u.String())
}

// forget takes away what a role has here; other databases may still name it.
func (b *bench) forget(role string) {
	db, err := dbtest.Open(b.dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.WithoutCancel(b.Context()), "DROP OWNED BY "+role+" CASCADE"); err != nil {
		b.Error(err)
	}
}

func (b *bench) database() string { return b.rows("SELECT quote_ident(current_database())")[0] }

// TestOwnerAlone: a user that owns the table and may make a schema needs nothing
// else for the whole life of a change.
func TestOwnerAlone(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE SCHEMA app")
		o := b.plain("table_owner", "GRANT CREATE ON DATABASE "+b.database()+" TO table_owner", "GRANT USAGE, CREATE ON SCHEMA app TO table_owner")
		o.exec("CREATE TABLE app.users (id int PRIMARY KEY, age int NOT NULL)", "INSERT INTO app.users VALUES (1, 1), (2, 2)", "CREATE INDEX ON app.users (age)")
		o.plan("operations: [{change_type: {table: app.users, column: age, type: bigint}}]")
		for _, a := range o.preflight() {
			if !a.OK && a.Fatal {
				o.Fatalf("preflight: %+v", a)
			}
		}
		for _, n := range plans.PhaseNames() {
			o.phase(n)
		}
		o.want("SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'app.users'::regclass AND attname = 'age'", "bigint")
	})
}

func (b *bench) preflight() []dialect.Advice {
	b.Helper()
	list, err := b.db.Server.Preflight(b.Context(), b.p)
	if err != nil {
		b.Fatal(err)
	}
	return list
}

// TestMissingRights: each missing right is named with what grants it, and the
// statement does.
func TestMissingRights(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, a text)", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
		o := b.plain("without_rights", "GRANT SELECT ON users TO without_rights")
		ids := []schema.Ident{{Schema: "public", Name: "users"}}
		bad := func() map[string]dialect.Advice {
			list, err := o.db.Server.Doctor(b.Context(), ids)
			if err != nil {
				b.Fatal(err)
			}
			out := map[string]dialect.Advice{}
			for _, a := range list {
				if !a.OK && a.Fatal {
					out[a.Check] = a
				}
			}
			return out
		}
		got := bad()
		for _, check := range []string{"owner", "schema_create", "state_schema"} {
			if got[check].Fix == "" {
				b.Fatalf("%s isn't named with its mend: %+v", check, got)
			}
			b.exec(got[check].Fix)
		}
		b.exec("GRANT USAGE, CREATE ON SCHEMA public TO without_rights")
		if left := bad(); len(left) > 0 {
			b.Fatalf("after every mend: %+v", left)
		}
		b.exec("REVOKE " + b.rows("SELECT quote_ident(current_user)")[0] + " FROM without_rights")
	})
}

// TestDenied: an error of the server about rights says what to do.
func TestDenied(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY, a text)", "INSERT INTO users VALUES (1, 'x')")
		b.plan("operations: [{rename_column: {table: users, from: a, to: b}}]")
		o := b.plain("no_owner", "GRANT SELECT ON users TO no_owner", "GRANT SELECT, UPDATE ON phasemig.lease_epoch TO no_owner")
		o.p, o.lease = b.p, b.lease
		err := o.db.Steps.Do(b.Context(), b.p, b.step(plans.AddColumns, ""), o.env())
		var hint *dberr.Hint
		if !errors.Is(err, dberr.Denied) || !errors.As(err, &hint) || !strings.Contains(hint.Do, "owner") {
			b.Fatalf("DDL of a stranger: %v", err)
		}
	})
}

// TestRowSecurity: rows that a policy hides can't be filled, so nothing is begun.
func TestRowSecurity(t *testing.T) {
	each(t, func(b *bench) {
		o := b.plain("row_owner", "GRANT CREATE ON DATABASE "+b.database()+" TO row_owner", "GRANT USAGE, CREATE ON SCHEMA public TO row_owner")
		o.exec("CREATE TABLE users (id int PRIMARY KEY, a text, tenant text)", "CREATE POLICY mine ON users USING (tenant = current_user)", "ALTER TABLE users ENABLE ROW LEVEL SECURITY")
		if _, err := o.build("operations: [{rename_column: {table: users, from: a, to: b}}]"); err != nil {
			b.Fatalf("the owner sees every row: %v", err)
		}
		o.exec("ALTER TABLE users FORCE ROW LEVEL SECURITY")
		_, err := o.build("operations: [{rename_column: {table: users, from: a, to: b}}]")
		var refused *plans.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "row-level security") {
			b.Fatalf("forced policies: %v", err)
		}
		if _, err := b.build("operations: [{rename_column: {table: users, from: tenant, to: b}}]"); err == nil || !strings.Contains(err.Error(), "policy mine") {
			b.Fatalf("a column that a policy reads: %v", err)
		}
	})
}

// TestUserTriggers: those that the backfill would fire stay silent where the
// session may keep them so; else somebody has to say that they may fire.
func TestUserTriggers(t *testing.T) {
	each(t, func(b *bench) {
		o := b.plain("trigger_owner", "GRANT CREATE ON DATABASE "+b.database()+" TO trigger_owner", "GRANT USAGE, CREATE ON SCHEMA public TO trigger_owner")
		o.exec("CREATE TABLE users (id int PRIMARY KEY, a text, changed int DEFAULT 0)", "INSERT INTO users VALUES (1, 'x')",
			"CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := NEW.changed + 1; RETURN NEW; END'",
			"CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()")
		change := "operations: [{rename_column: {table: users, from: a, to: b}}]"
		if _, err := o.build(change); err == nil || !strings.Contains(err.Error(), "trigger touch") {
			b.Fatalf("a trigger that can't be kept silent: %v", err)
		}
		if _, err := o.build("user_triggers: fire\n" + change); err != nil {
			b.Fatal(err)
		}
		b.plan(change)
		b.until(plans.Backfill)
		b.want("SELECT b, changed FROM users", "x|0")
		b.exec("UPDATE users SET a = 'y'")
		b.want("SELECT b, changed FROM users", "y|1")
		b.exec("CREATE TRIGGER \"~~late\" BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()")
		b.observe(b.step(plans.InstallSync, ""), dialect.Partial)
		b.exec("DROP TRIGGER \"~~late\" ON users", "ALTER TABLE users DISABLE TRIGGER \""+b.p.Syncs[0].Trigger+"\"")
		b.observe(b.step(plans.InstallSync, ""), dialect.Partial)
		b.do(b.step(plans.InstallSync, ""))
	})
}
