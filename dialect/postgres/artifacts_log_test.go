package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// TestSlotsAreArtifacts: cleanup finds slot and publication of a run and takes them away, also
// while the slot is read.
func TestSlotsAreArtifacts(t *testing.T) {
	each(t, func(b *bench) {
		b.exec("CREATE TABLE users (id int PRIMARY KEY)", "CREATE PUBLICATION users_own FOR TABLE users")
		for n := range 2 { // the first copy of a run, and its second
			b.slotIsArtifact(n)
		}
	})
}

func (b *bench) slotIsArtifact(n int) {
	b.Helper()
	conn, err := pgconn.ParseConfig(b.dsn)
	if err != nil {
		b.Fatal(err)
	}
	const run = "0123456789ab"
	c := pgoutput.Config{Conn: conn}
	c.Slot, c.Publication = pgoutput.Names(run, 1, n, true)
	list := []pgoutput.Relation{{Ident: schema.Ident{Schema: "public", Name: "users"}, Columns: []schema.Column{{Name: "id", Type: "integer"}}, Key: []string{"id"}}}
	from, err := pgoutput.Create(b.Context(), c, "phasemig "+run+": follows users; undo: phasemig cleanup", list, time.Minute)
	if err != nil {
		b.Fatal(err)
	}
	source, err := pgoutput.Open(b.Context(), c, stream.Options{From: from, Follow: []schema.Ident{list[0].Ident}}, list)
	if err != nil {
		b.Fatal(err)
	}
	defer source.Close()
	found, err := b.db.Server.Artifacts(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var kinds []string
	for _, a := range found {
		if kinds = append(kinds, a.Kind); a.Run != run || a.Name != c.Slot || a.Kind == "slot" && !strings.HasPrefix(a.Detail, "holds back ") {
			b.Errorf("artifact %+v", a)
		}
	}
	if !slices.Equal(kinds, []string{"slot", "publication"}) {
		b.Errorf("artifacts %v", kinds)
	}
	advice, err := b.db.Server.Doctor(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	said := map[string]dialect.Advice{}
	for _, a := range advice {
		said[a.Check] = a
	}
	if a := said["slots_held"]; !a.OK || !strings.Contains(a.Detail, c.Slot) {
		b.Errorf("of the slot doctor says %+v", a)
	}
	if a := said["slot_keep_size"]; a.OK || !strings.Contains(a.Fix, "max_slot_wal_keep_size") {
		b.Errorf("of a server without a limit doctor says %+v", a)
	}
	if err := b.db.Server.Remove(b.Context(), found); err != nil {
		b.Fatal(err)
	}
	b.want("SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'phasemig_"+run+"%'", "0")
	b.want("SELECT string_agg(pubname, ',') FROM pg_publication", "users_own")
}
