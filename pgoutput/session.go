package pgoutput

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// settled are the settings under which the server writes values as text: one form for
// each type, nothing lost, names always qualified.
var settled = map[string]string{
	"application_name": "phasemig", "client_encoding": "UTF8", "datestyle": "ISO", "intervalstyle": "postgres", "timezone": "UTC", "bytea_output": "hex",
	"extra_float_digits": "3", "lc_monetary": "C", "search_path": "pg_catalog", "statement_timeout": "0", "lock_timeout": "0",
	"idle_in_transaction_session_timeout": "0",
}

// connectTime is how long a connection may take to be made, where the target says nothing of it: a network that swallows everything would
// be waited for without end.
const connectTime = 20 * time.Second

// session is one connection.
type session struct{ *pgconn.PgConn }

func (c Config) connect(ctx context.Context, replication bool) (*session, error) {
	conf := c.Conn.Copy()
	conf.RuntimeParams = maps.Clone(conf.RuntimeParams)
	if conf.RuntimeParams == nil {
		conf.RuntimeParams = map[string]string{}
	}
	maps.Copy(conf.RuntimeParams, settled)
	if conf.ConnectTimeout == 0 {
		conf.ConnectTimeout = connectTime
	}
	if replication {
		conf.RuntimeParams["replication"] = "database"
		conf.RuntimeParams["wal_sender_timeout"] = fmt.Sprintf("%dms", c.patience().Milliseconds())
		conf.BuildContextWatcherHandler = func(pc *pgconn.PgConn) ctxwatch.Handler { return readDeadline{pc} }
	}
	conn, err := pgconn.ConnectConfig(ctx, conf)
	if err != nil {
		return nil, connectError(err)
	}
	return &session{conn}, nil
}

// readDeadline ends reads and leaves writes alone: the pulse writes on the connection
// while it is read, and half a write would spoil it.
type readDeadline struct{ conn *pgconn.PgConn }

func (d readDeadline) HandleCancel(context.Context) {
	_ = d.conn.Conn().SetReadDeadline(time.Unix(1, 0))
}
func (d readDeadline) HandleUnwatchAfterCancel() { _ = d.conn.Conn().SetReadDeadline(time.Time{}) }

// hangUp ends the connection, and waits for a server that doesn't answer no longer than a
// moment.
func (s *session) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Close(ctx) // the socket is closed whatever it says
}

// rows runs a query and returns its rows as text, NULL as "".
func (s *session) rows(ctx context.Context, query string, args ...string) ([][]string, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	r := s.ExecParams(ctx, query, params, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, classify(r.Err)
	}
	out := make([][]string, len(r.Rows))
	for i, row := range r.Rows {
		for _, v := range row {
			out[i] = append(out[i], string(v))
		}
	}
	return out, nil
}

// row is the only row of a query; nil when there is none.
func (s *session) row(ctx context.Context, query string, args ...string) ([]string, error) {
	all, err := s.rows(ctx, query, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// run runs a statement.
func (s *session) run(ctx context.Context, statement string) error {
	_, err := s.Exec(ctx, statement).ReadAll()
	return classify(err)
}

// origin asks a connection for replication whose log it reads.
func (s *session) origin(ctx context.Context) (origin, error) {
	id, err := pglogrepl.IdentifySystem(ctx, s.PgConn)
	if err != nil {
		return origin{}, classify(err)
	}
	return origin{id.SystemID, id.Timeline}, nil
}
