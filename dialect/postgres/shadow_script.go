package postgres

import (
	"bytes"
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"

	"github.com/phasemig/phasemig/shadow"
)

// script sends statements of a transaction together, since on a distant server it is the answers that a batch waits for. They
// go past the cache of prepared statements: no two are alike. After an error nothing more is sent.
type script struct {
	p   *pair
	tx  *sql.Tx
	b   bytes.Buffer
	err error
}

// scriptBytes is about how much goes out at once.
const scriptBytes = 1 << 20

func (s *script) add(ctx context.Context, statements ...string) {
	for _, q := range statements {
		s.b.WriteString(q)
		s.end(ctx)
	}
}

// end is that of a statement.
func (s *script) end(ctx context.Context) {
	s.b.WriteString(";\n")
	if s.b.Len() > scriptBytes {
		s.err = s.run(ctx)
	}
}

// run sends what was added, and tells what went wrong since the first statement.
func (s *script) run(ctx context.Context) error {
	if s.err == nil && s.b.Len() > 0 {
		_, err := s.tx.ExecContext(ctx, s.b.String(), pgx.QueryExecModeSimpleProtocol)
		s.err = s.p.duplicate(err)
	}
	s.b.Reset()
	return s.err
}

// insert adds the rows that row writes and tells to be some, in statements of a bounded size.
func (s *script) insert(ctx context.Context, head string, images []shadow.Image, row func(*bytes.Buffer, shadow.Image) bool) {
	var one bytes.Buffer
	begun, length := false, 0
	for _, i := range images {
		one.Reset()
		if !row(&one, i) {
			continue
		}
		if begun && length > scriptBytes {
			s.end(ctx)
			begun, length = false, 0
		}
		before := head
		if begun {
			before = ", "
		}
		s.b.WriteString(before)
		s.b.Write(one.Bytes())
		begun, length = true, length+one.Len()
	}
	if begun {
		s.end(ctx)
	}
}
