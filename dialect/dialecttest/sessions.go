package dialecttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dbtest"
)

// sessions: an application's session is told by the name that it gives itself, one without a name is
// there without one, and ours are not among them.
func (h *harness) sessions(t *testing.T) {
	b := h.bench(t)
	named := b.dsn + h.on("?connectionAttributes=program_name:", "&application_name=") + "shop@v41"
	for _, dsn := range []string{named, b.dsn} {
		if err := dbtest.DB(t, dsn).PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	list, err := b.db.Server.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := slices.IndexFunc(list, func(s gate.Session) bool { return s.Name == "shop@v41" })
	if old < 0 || list[old].ID == "" || list[old].User == "" {
		t.Errorf("sessions %+v", list)
	}
	if slices.ContainsFunc(list, func(s gate.Session) bool { return strings.HasPrefix(s.Name, "phasemig") }) {
		t.Errorf("our own sessions are listed: %+v", list)
	}
	if !slices.ContainsFunc(list, func(s gate.Session) bool { return s.Name == "" }) {
		t.Errorf("the session without a name isn't listed: %+v", list)
	}
}
