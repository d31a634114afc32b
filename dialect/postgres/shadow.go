package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

// pair is a table and its shadow on this server: see package shadow. In reverse the
// table in its new shape is the source and the old table the target.
//
// One batch is applied at a time. Values that the log leaves out because they didn't
// change are taken from the source, by a read that sees the transactions of the batch: what it
// sees beyond them the log brings later.
type pair struct {
	s       *server
	a       *plans.Alter
	planID  string
	listed  int // the number under which rows are listed that can't go back
	fence   state.Fence
	reverse bool

	from, to *schema.Table
	key      []plans.KeyPart // of the source
	keyTo    []plans.KeyPart // the same columns in the target
	columns  []plans.Copied
	db       *sql.DB  // sessions that copy, compare and ask
	applier  *session // of the one lane
	origins  *origins
	copiers  []*session // not at work

	mu     sync.Mutex
	patchy map[string]bool // transactions of the log that leave values out, not known to be visible
	late   *schema.Index   // that of the walked key, while it is to be built: see shadow_late.go
}

// shadowSettings: the time zone is the server's own, as that of an ALTER TABLE would be. Values go in and out as the log writes them, a mark's commit is in the
// log when it returns, and a chunk doesn't wait long for a lock, so that the applier wins.
const shadowSettings = settled + walkSettings + `; SET search_path = pg_catalog, pg_temp; SET lc_monetary = 'C'; SET xmloption = content;
SET synchronous_commit = on; SET lock_timeout = '1s'`

// shadow opens a pair. Which tables they are the names tell: once the tables have
// changed places the table itself has the new shape.
func (s *server) shadow(ctx context.Context, w dialect.ShadowWork) (*pair, error) {
	a := &w.Plan.Alters[w.Alter]
	p := &pair{s: s, a: a, planID: w.Plan.ID, fence: w.Fence, reverse: w.Reverse, patchy: map[string]bool{}, listed: w.Plan.ListedAs(w.Alter)}
	other := p.at().shadowPlace(a.Table)
	p.key, p.keyTo, p.columns = a.Walk(p.reverse)
	if p.reverse {
		other = p.at().asidePlace(a.Table)
	}
	var err error
	if p.from, err = s.Table(ctx, a.Table); err == nil {
		p.to, err = s.Table(ctx, other)
	}
	if err != nil {
		return nil, fmt.Errorf("read the tables of the copy: %w", err)
	}
	if err := p.walkable(ctx); err != nil {
		return nil, err
	}
	if err := p.readLate(ctx); err != nil {
		return nil, err
	}
	if p.origins, err = s.openOrigins(ctx, p.planID, max(w.Workers, 1)+max(len(w.Plan.Shadows()), 1)); err != nil {
		return nil, err
	}
	p.db = s.pool(max(w.Workers, 1)+4, shadowSettings)
	p.applier = &session{p: p}
	return p, nil
}

// openShadow implements dialect.Database.Shadow.
func (s *server) openShadow(ctx context.Context, w dialect.ShadowWork) (dialect.Shadow, error) {
	p, err := s.shadow(ctx, w)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// turned is the other direction's pair, as far as it is known without its sessions.
func (p *pair) turned() *pair {
	t := &pair{s: p.s, a: p.a, planID: p.planID, fence: p.fence, listed: p.listed, reverse: !p.reverse, from: p.to, to: p.from}
	t.key, t.keyTo, t.columns = t.a.Walk(t.reverse)
	return t
}

// at tells the copy from others of its run.
func (p *pair) at() copyID { return copyOf(p.planID, p.a) }

// role is under which name the checkpoint table keeps this direction's positions.
func (p *pair) role() string {
	if p.reverse {
		return "reverse"
	}
	return "forward"
}

// walkable refuses keys whose order can't be told from their text: see shadow_order.go. What the plan found is looked at
// once more.
func (p *pair) walkable(ctx context.Context) error {
	refused := func(k plans.KeyPart, why string) error {
		return &plans.RefusedError{What: "copy " + p.from.Ident.String(), Reason: "key column " + k.Name + " " + why, Hint: keyHint}
	}
	for n, k := range p.key {
		switch {
		case orderOf(k.Type) == noOrder:
			return refused(k, "is "+k.Type+", whose order can't be told from its text")
		case k.Descending:
			return refused(k, "runs downwards in its index")
		case k.Type != p.keyTo[n].Type && (orderOf(k.Type) != byNumber || orderOf(p.keyTo[n].Type) != byNumber):
			return refused(k, "changes its type from "+k.Type+" to "+p.keyTo[n].Type)
		}
		if !isText(k.Type) {
			continue
		}
		for _, c := range []struct {
			t    *schema.Table
			name string
		}{{p.from, k.Name}, {p.to, p.keyTo[n].Name}} {
			plain, loose, err := p.s.textOrder(ctx, c.t.Ident, c.name)
			if err == nil && loose == "" && !plain && !k.ByBytes {
				loose = "it is ordered by a language's rules, and not by its bytes"
			}
			if err != nil || loose != "" {
				return errors.Join(err, refused(k, "can't be walked: "+loose))
			}
		}
	}
	return nil
}

// textOrder tells of a text column whether it is ordered by its bytes, as they are in UTF-8, and why bytes can't even tell
// its values apart or order them as the server would under COLLATE "C"; "": they can.
func (s *server) textOrder(ctx context.Context, id schema.Ident, column string) (plain bool, loose string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT c.collname IN ('C', 'POSIX', 'ucs_basic') OR c.collname = 'default' AND d.datlocprovider = 'c' AND d.datcollate IN ('C', 'POSIX'),
		CASE WHEN pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN 'the database''s encoding is ' || pg_catalog.current_setting('server_encoding') || ', and not UTF8'
			WHEN NOT c.collisdeterministic THEN 'its collation ' || c.collname || ' is not deterministic: it calls different texts equal' ELSE '' END
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
		WHERE a.attrelid = pg_catalog.to_regclass($1)::oid AND a.attname = $2`, relation(id), column).Scan(&plain, &loose)
	if err != nil {
		return false, "", fmt.Errorf("read the collation of %s: %w", column, classify(err))
	}
	return plain, loose, nil
}

// Close ends the sessions.
func (p *pair) Close() error {
	p.applier.close()
	for _, s := range p.copiers {
		s.close()
	}
	return p.db.Close()
}

// Lanes implements shadow.Table: a batch must hold whole transactions, since it asks
// which of them are visible.
func (p *pair) Lanes() int { return 1 }

// Boundary implements shadow.Comparer.
func (p *pair) Boundary(ctx context.Context, low, high string, n int) (string, error) {
	pl, ph, args := rangeArgs(low, high)
	query, args := p.boundarySQL(pl, ph, args, n)
	var key string
	err := p.db.QueryRowContext(ctx, query, args...).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return key, classify(err)
}

// boundarySQL finds the key of the n-th row of a range.
func (p *pair) boundarySQL(low, high string, args []any, n int) (string, []any) {
	walked := strings.Join(keyColumns(p.key, "t."), ", ")
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s AS t WHERE %s ORDER BY %s OFFSET $%d LIMIT 1) AS k", keyTextSQL(p.key, "k."), walked,
		relation(p.from.Ident), keyRange(p.key, "t.", low, high), walked, len(args)+1), append(args, max(n, 1)-1)
}

// About implements dialect.Shadow.
func (p *pair) About(ctx context.Context, low string, n int) (string, error) {
	return p.Boundary(ctx, low, "", n)
}

// Rows implements dialect.Shadow.
func (p *pair) Rows(ctx context.Context) (int64, error) {
	var n int64
	err := p.db.QueryRowContext(ctx, "SELECT greatest(reltuples, 0)::bigint FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)::oid", relation(p.from.Ident)).Scan(&n)
	return n, classify(err)
}

// positionIn is a column's place in rows of the log.
func positionIn(t *schema.Table, name string) int {
	return slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name })
}

// awaitEnd waits until a session is gone from the server: what was sent on a connection
// that is lost may still be done. After a while it is ended.
func (p *pair) awaitEnd(ctx context.Context, pid string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for n := 0; ; n++ {
		alive, err := p.s.SessionAlive(ctx, pid)
		if err == nil && !alive {
			return nil
		}
		if ctx.Err() != nil {
			return dberr.Mark(dberr.ConnLost, fmt.Errorf("session %s was lost and its end is not known", pid))
		}
		if n == 20 && err == nil {
			_, _ = p.s.db.ExecContext(ctx, "SELECT pg_catalog.pg_terminate_backend($1)", pid) // our own session
		}
		_ = pause.For(ctx, 50*time.Millisecond) // whether ctx has ended is looked at above
	}
}

var (
	_ dialect.Shadow = (*pair)(nil)
)
