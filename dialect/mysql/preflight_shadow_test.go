package mysql

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

func bad(list []dialect.Advice) []dialect.Advice {
	return slices.DeleteFunc(slices.Clone(list), func(a dialect.Advice) bool { return a.OK || !a.Fatal })
}

// TestShadowLogSettings: each setting under which rows would be missed is named, and what
// the advice says mends it.
func TestShadowLogSettings(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			h := homeOn(t, k, dbtest.DatabaseOn(t, dbtest.Start(t, k, throwaway.Options{})))
			h.exec("CREATE TABLE t (id int PRIMARY KEY, n int)")
			p := h.mustPlanOf(alterOf("t", "MODIFY n bigint"))
			for _, set := range []string{"binlog_format = 'STATEMENT'", "binlog_format = 'MIXED'", "binlog_row_image = 'MINIMAL'", "binlog_row_value_options = 'PARTIAL_JSON'", "binlog_order_commits = OFF"} {
				name, _, _ := strings.Cut(set, " ")
				if _, err := h.db.ExecContext(t.Context(), "SET GLOBAL "+set); is(err, 1193) {
					continue // the other server's
				} else if err != nil {
					t.Fatal(err)
				}
				list, err := h.d.Server.Preflight(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				got := bad(list)
				if !slices.ContainsFunc(got, func(a dialect.Advice) bool { return a.Check == name }) {
					t.Errorf("%s: %v", set, got)
				}
				for _, a := range got {
					fix, _, _ := strings.Cut(a.Fix, ";")
					h.exec(fix)
				}
				if list, err = h.d.Server.Preflight(t.Context(), p); err != nil || len(bad(list)) > 0 {
					t.Errorf("after %s was mended: %v, %v", set, bad(list), err)
				}
			}
		})
	}
}

// TestShadowRights: an account gets nothing but what the advice asks for, and with that
// carries the change out.
func TestShadowRights(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE p (id int PRIMARY KEY)", "INSERT INTO p VALUES (1)", "CREATE TABLE t (id int PRIMARY KEY, n int, pid int, CONSTRAINT c FOREIGN KEY (pid) REFERENCES p (id))", "INSERT INTO t VALUES (1, 1, 1)",
			"CREATE USER IF NOT EXISTS pm_owner", "CREATE DEFINER = pm_owner TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n + 1")
		h.keepTrust()
		d, user := h.account("GRANT SELECT ON "+quote(h.database())+".* TO USER", "GRANT SELECT ON phasemig.* TO USER")
		p := h.mustPlanOf(alterOf("t", "MODIFY n bigint"))
		dsn := strings.Replace(h.dsn, "root@", strings.Trim(strings.Split(user, "@")[0], "'")+":pw@", 1)
		for round := 0; ; round++ {
			list, err := d.Server.Preflight(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			missing := bad(list)
			if len(missing) == 0 {
				h.d = d
				s := &shadowed{home: h, plan: p}
				s.to(plans.Switch)
				s.rollback()
				s.to(plans.Contract)
				return
			}
			if round == 4 {
				t.Fatalf("no end: %v", missing)
			}
			for _, a := range missing {
				h.exec(a.Fix)
			}
			d = h.open(dsn)
		}
	})
}

// TestShadowGate: the engine asks before anything is made.
func TestShadowGate(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id int PRIMARY KEY, n int)")
		p := h.mustPlanOf(alterOf("t", "MODIFY n bigint"))
		h.d, _ = h.account("GRANT ALL ON "+quote(h.database())+".* TO USER", "GRANT ALL ON phasemig.* TO USER")
		s := &shadowed{home: h, plan: p}
		var held *gate.HeldError
		if err := s.apply(t.Context(), plans.Expand); !errors.As(err, &held) || !strings.Contains(err.Error(), "REPLICATION SLAVE") {
			t.Errorf("without the right to read the log: %v", err)
		}
		h.want("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", "t")
	})
}
