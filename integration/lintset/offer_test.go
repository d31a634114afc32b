package lintset

import (
	"context"
	"errors"
	"regexp"

	"github.com/phasemig/phasemig/internal/observe"
)

// single is a migration of one statement that takes the words ALGORITHM and LOCK, and has none yet.
var (
	single  = regexp.MustCompile(`(?is)^\s*(alter\s+table|create\s+(unique\s+|fulltext\s+|spatial\s+)?index)\s+[^;]*$`)
	saysHow = regexp.MustCompile(`(?i)algorithm|\block\b|nowait|\bwait\b|if\s+(not\s+)?exists|\bpartition|engine|order\s+by|tablespace`)
)

// offered says by which way a MySQL can carry out the one statement of a migration, as it says itself: no clock is needed then.
// Known is false where there is no such statement, or the server takes none of the words.
func offered(ctx context.Context, p product, c Case, n int) (blocks string, known bool, err error) {
	if _, ok := p.(mysql); !ok || !single.MatchString(c.SQL) || saysHow.MatchString(c.SQL) {
		return "", false, nil
	}
	s, err := build(ctx, p, c, n, true)
	if err != nil {
		return "", false, err
	}
	o := observe.MySQL(ctx, s.owner.(*mySession).conn, c.SQL)
	if o.BlocksWrites {
		blocks = o.Lock
	}
	return blocks, o.Lock != "", errors.Join(err, s.close(context.WithoutCancel(ctx)))
}
