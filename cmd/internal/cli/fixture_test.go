package cli

import (
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// fixture is a plan as one server gives it, fixed here so that rendering can be
// compared byte by byte.
func fixture() *plans.Plan {
	users := schema.Ident{Schema: "public", Name: "users"}
	twin := plans.Twin{Kind: plans.TwinIndex, Of: "users_full_name_idx", Name: "users_display_name_idx", Final: "users_display_name_idx",
		Columns: []string{"display_name"}, Definition: "btree (display_name)"}
	p := &plans.Plan{
		Format: plans.Format, Name: "users-display-name", ID: "0123456789ab", Dialect: "postgres", Strategy: "sync", Replicas: plans.Replicas{"none"},
		Operations: []plans.Operation{{RenameColumn: &plans.RenameColumn{Table: "users", From: "full_name", To: "display_name"}}},
		Syncs: []plans.Sync{{Operation: "rename_column", Table: users, Bijective: true, DualWrite: "trigger", Trigger: "~pm_0123456789ab_0",
			Old:   []plans.Side{{Name: "full_name", Type: "text", Class: schema.Text, SQL: `"display_name"`, Plain: "display_name", Hidden: "_pm_hidden_full_name"}},
			New:   []plans.Side{{Name: "display_name", Type: "text", Class: schema.Text, SQL: `"full_name"`, Plain: "full_name"}},
			Key:   []plans.KeyPart{{Name: "id", Type: "bigint", Class: schema.Integer}},
			Twins: []plans.Twin{twin}}},
		Assumes: []plans.Assume{{What: "product", Value: "PostgreSQL"}, {What: "version", Value: "18.6"},
			{What: "rows", Table: users, Max: 10_000_000}, {What: "bytes", Table: users, Max: 1_000_000_000},
			{What: "table", Table: users, Lines: []string{`column "full_name"`, `column "id"`}}, {What: "rest", Table: users, Lines: []string{`column "id"`}}},
		Notes:    []string{"A note that a reviewer must know, long enough to be wrapped when the terminal is narrow: it goes on and on and comes to its end here."},
		Rollouts: []plans.Rollout{{Change: "rename_column users.full_name", Strategy: plans.Rolling, Because: "full_name and display_name always hold the same."}},
		Phases:   fixturePhases(users, &twin),
	}
	p.Hash = p.ComputeHash()
	return p
}

func fixturePhases(users schema.Ident, twin *plans.Twin) []plans.Phase {
	exclusive := plans.Lock{Level: "ACCESS EXCLUSIVE", BlocksReads: true, BlocksWrites: true, BoundedMS: 2000}
	return []plans.Phase{
		{Name: plans.Expand, Reversible: true, Gates: []plans.GateRef{{Kind: "preflight"}},
			Code: plans.Code{Before: "Any code that names users.full_name.", After: "Code that reads and writes full_name, code that reads and writes display_name, or both side by side."},
			Steps: []plans.Step{
				{ID: "expand.1.add_columns", Kind: plans.AddColumns, Table: users, Mode: plans.Each, Lock: exclusive, Reversible: true,
					Because: "A nullable column without a default changes the catalog only.",
					SQL:     []string{`ALTER TABLE "public"."users" ADD COLUMN "display_name" text`}, Undo: []string{`ALTER TABLE "public"."users" DROP COLUMN "display_name"`}},
				{ID: "expand.2.install_sync", Kind: plans.InstallSync, Table: users, Mode: plans.Transaction, Reversible: true,
					Lock:    plans.Lock{Level: "SHARE ROW EXCLUSIVE", BlocksWrites: true, BoundedMS: 2000},
					Because: "From here on no write of either side is missed, so the backfill only has to fill what was there before."},
				{ID: "expand.3.backfill", Kind: plans.Backfill, Table: users, Mode: plans.Batches, Reversible: true, Lock: plans.Lock{Level: "row locks"},
					Scans: true, Estimate: plans.Estimate{Rows: 300_000, Bytes: 45_000_000, Seconds: 12.4}, Because: "Rows are walked by their key in transactions of at most 200 ms; a locked row is skipped and comes again."},
				{ID: "expand.4.build_twin", Kind: plans.BuildTwin, Table: users, Mode: plans.Each, Twin: twin, Reversible: true, Scans: true,
					Lock: plans.Lock{Level: "SHARE UPDATE EXCLUSIVE"}, Estimate: plans.Estimate{Rows: 300_000, Seconds: 1.5}, Because: "Built CONCURRENTLY.",
					SQL: []string{`CREATE INDEX CONCURRENTLY "users_display_name_idx" ON "public"."users" (display_name)`}},
				{ID: "expand.5.verify", Kind: plans.Verify, Table: users, Mode: plans.ReadOnly, Reversible: true, Scans: true,
					Estimate: plans.Estimate{Rows: 300_000, Seconds: 0.8}, Because: "Every row on its stored bytes."},
			}},
		{Name: plans.Switch, Reversible: true, Gates: []plans.GateRef{{Kind: "backfill_done"}, {Kind: "dual_write_verified"}},
			Code: plans.Code{Before: "Code that uses display_name may be rolling out.", After: "All reads come from display_name."}},
		{Name: plans.Contract, Until: "contract.2.drop", Gates: []plans.GateRef{{Kind: "dual_write_verified"}, {Kind: "approval", Params: map[string]any{"by": 1}}},
			Code: plans.Code{Before: "No running code names users.full_name any more.", After: "Only display_name exists."},
			Steps: []plans.Step{
				{ID: "contract.1.hide", Kind: plans.Hide, Table: users, Mode: plans.Transaction, Lock: exclusive, Reversible: true, Because: "Whatever still names the old column shows now, while it can come back."},
				{ID: "contract.2.drop", Kind: plans.Drop, Table: users, Mode: plans.Transaction, Lock: exclusive, Because: "Nothing reads it any more.",
					Gates: []plans.GateRef{{Kind: "soak", Params: map[string]any{"for": "24h"}}}},
			}},
	}
}
