package binlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/google/uuid"

	"github.com/phasemig/phasemig/stream"
)

// Types of events that go-mysql has no names for.
const (
	mariadbRowsV2From = 169 // compressed rows, version 2
	mariadbRowsV2To   = 171
)

// artificial events and those that may be ignored have a flag.
const mayIgnore = replication.LOG_EVENT_IGNORABLE_F

var errShort = errors.New("an event of the log is cut short")

// event is one event: its header and its body without the checksum.
type event struct {
	replication.EventHeader
	body []byte
}

func (s *Source) handle(e *replication.BinlogEvent) error {
	switch t := e.Event.(type) {
	case *replication.RotateEvent:
		s.at = file{string(t.NextLogName), t.Position}
		return nil
	case *replication.GenericEvent:
		s.locate(e.Header)
		return s.event(event{*e.Header, t.Data})
	}
	return nil // the description of the format
}

// locate keeps the place behind the event. The log tells 32 bits of it, but a
// transaction can be larger than that.
func (s *Source) locate(h *replication.EventHeader) {
	if h.LogPos == 0 || h.Flags&replication.LOG_EVENT_ARTIFICIAL_F != 0 {
		return
	}
	if h.EventType == replication.HEARTBEAT_EVENT || h.EventType == replication.HEARTBEAT_LOG_EVENT_V2 {
		return
	}
	s.at.offset = advance(s.at.offset, h.LogPos)
}

// advance is the first offset from at on that ends in these 32 bits.
func advance(at uint64, low uint32) uint64 {
	next := at&^(1<<32-1) | uint64(low)
	if next < at {
		next += 1 << 32
	}
	return next
}

// event handles one event, from the log itself or out of a compressed transaction.
func (s *Source) event(e event) error {
	err := s.dispatch(e)
	var stop *stream.StopError
	if err == nil || errors.As(err, &stop) {
		return err
	}
	return fmt.Errorf("read the log's %s that ends at %s:%d: %w", e.EventType, s.at.name, s.at.offset, err)
}

func (s *Source) dispatch(e event) error {
	switch e.EventType {
	case replication.GTID_EVENT, replication.ANONYMOUS_GTID_EVENT, replication.GTID_TAGGED_LOG_EVENT:
		return s.gtid(e)
	case replication.MARIADB_GTID_EVENT:
		return s.mariadbGTID(e)
	case replication.TABLE_MAP_EVENT:
		return s.decoder.tableMap(e.body)
	case replication.XID_EVENT:
		return s.finish()
	case replication.QUERY_EVENT, replication.MARIADB_QUERY_COMPRESSED_EVENT:
		return s.query(e)
	case replication.EXECUTE_LOAD_QUERY_EVENT:
		return s.load(e)
	case replication.XA_PREPARE_LOG_EVENT:
		return s.xaPrepare(e.body)
	case replication.TRANSACTION_PAYLOAD_EVENT:
		return s.openPayload(e.body)
	case replication.INCIDENT_EVENT:
		return s.look.incident()
	}
	if kind, ok := rowsKind(e.EventType); ok {
		return s.rows(e, kind)
	}
	if harmless(e.EventType) || e.Flags&mayIgnore != 0 {
		return nil
	}
	return fmt.Errorf("events of type %d aren't known", byte(e.EventType))
}

// harmless events say nothing about rows.
func harmless(t replication.EventType) bool {
	switch t {
	case replication.STOP_EVENT, replication.INTVAR_EVENT, replication.RAND_EVENT, replication.USER_VAR_EVENT, replication.BEGIN_LOAD_QUERY_EVENT,
		replication.APPEND_BLOCK_EVENT, replication.DELETE_FILE_EVENT, replication.HEARTBEAT_EVENT, replication.HEARTBEAT_LOG_EVENT_V2,
		replication.IGNORABLE_EVENT, replication.ROWS_QUERY_EVENT, replication.PREVIOUS_GTIDS_EVENT, replication.TRANSACTION_CONTEXT_EVENT,
		replication.VIEW_CHANGE_EVENT, replication.MARIADB_ANNOTATE_ROWS_EVENT, replication.MARIADB_BINLOG_CHECKPOINT_EVENT,
		replication.MARIADB_GTID_LIST_EVENT, replication.MARIADB_START_ENCRYPTION_EVENT:
		return true
	}
	return false
}

// gtid begins a group on MySQL.
func (s *Source) gtid(e event) error {
	var g replication.GTIDEvent
	if e.EventType == replication.GTID_TAGGED_LOG_EVENT {
		var t replication.GtidTaggedLogEvent
		if err := t.Decode(e.body); err != nil {
			return err
		}
		g = t.GTIDEvent
	} else {
		if len(e.body) < 25 {
			return errShort
		}
		if err := g.Decode(e.body); err != nil {
			return err
		}
	}
	b := begun{at: commitTime(g.ImmediateCommitTimestamp)}
	if e.EventType != replication.ANONYMOUS_GTID_EVENT {
		u, err := uuid.FromBytes(g.SID)
		if err != nil {
			return err
		}
		b.source, b.number = u, uint64(g.GNO)
		b.tag = g.Tag.String()
	}
	return s.begin(b)
}

// begin begins a group, and notes whether an earlier reading has dealt with it. Then its
// rows aren't handed on, and may be those of a table that had another shape; only branches that
// it prepares may still count.
func (s *Source) begin(b begun) error {
	if s.past != nil {
		s.dealt = within(s.past, s.asm.source(b), b.number, s.at)
		s.progress.deal(s.dealt)
	}
	return s.asm.begin(b)
}

// commitTime is the server's own clock in microseconds; 0 is unknown.
func commitTime(micro uint64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(micro))
}

// Flags of MariaDB's GTID event.
const (
	mariadbStandalone  = 1
	mariadbPreparedXA  = 64
	mariadbCompletedXA = 128
)

// mariadbGTID begins a group on MariaDB, where it stands for BEGIN too.
func (s *Source) mariadbGTID(e event) error {
	if len(e.body) < 13 {
		return errShort
	}
	flags := e.body[12]
	return s.begin(begun{domain: binary.LittleEndian.Uint32(e.body[8:]), server: e.ServerID, number: binary.LittleEndian.Uint64(e.body),
		mariadb: true, at: time.Unix(int64(e.Timestamp), 0), open: flags&(mariadbStandalone|mariadbCompletedXA) == 0, prepared: flags&mariadbPreparedXA != 0})
}

// query handles a statement: the frame of a transaction, or something that was
// logged as text.
func (s *Source) query(e event) error {
	q, err := parseQuery(e.body, 13)
	if err != nil {
		return err
	}
	if e.EventType == replication.MARIADB_QUERY_COMPRESSED_EVENT {
		if q.text, err = unpack(q.text); err != nil {
			return err
		}
	}
	return s.statement(e, q)
}

// load is LOAD DATA, logged as text.
func (s *Source) load(e event) error {
	q, err := parseQuery(e.body, 13+13)
	if err != nil {
		return err
	}
	return s.statement(e, q)
}

// query is a statement and the database it ran in.
type query struct {
	database string
	text     []byte
}

// parseQuery reads a query event whose fixed part has n bytes.
func parseQuery(body []byte, n int) (query, error) {
	if len(body) < n {
		return query{}, errShort
	}
	database, vars := int(body[8]), int(binary.LittleEndian.Uint16(body[11:]))
	from := n + vars
	if len(body) < from+database+1 {
		return query{}, errShort
	}
	return query{string(body[from : from+database]), body[from+database+1:]}, nil
}

func (s *Source) statement(e event, q query) error {
	frame := frameOf(q.text)
	switch frame.kind {
	case frameBegin:
		s.asm.enter()
		return nil
	case frameCommit:
		return s.finish()
	case frameRollback:
		return s.rollback()
	case frameSavepoint:
		s.asm.savepoint(frame.name)
		return nil
	case frameRollbackTo:
		return s.asm.rollbackTo(frame.name)
	case frameXAStart:
		s.asm.enter()
		s.asm.keep()
		return nil
	case frameXAEnd, frameXAPrepare, frameRelease:
		return nil
	case frameXACommit:
		return s.xaCommit(frame)
	case frameXARollback:
		return s.xaRollback(frame.xid)
	}
	if err := s.look.judge(q); err != nil && !s.dealt {
		return err
	}
	if s.asm.standing() {
		return s.finish()
	}
	return nil
}

// rows hands the changes of a rows event to the transaction.
func (s *Source) rows(e event, kind stream.Kind) error {
	if s.dealt && s.asm.branch == nil {
		return nil
	}
	err := s.decoder.rows(rowsEvent{body: e.body, kind: kind, version: rowsVersion(e.EventType), compressed: compressed(e.EventType),
		partial: e.EventType == replication.PARTIAL_UPDATE_ROWS_EVENT}, s.asm.change)
	if s.dealt && err != nil {
		s.asm.branch.err, err = err, nil
	}
	return err
}

func rowsKind(t replication.EventType) (stream.Kind, bool) {
	switch t {
	case replication.WRITE_ROWS_EVENTv1, replication.WRITE_ROWS_EVENTv2, replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1, mariadbRowsV2From:
		return stream.Insert, true
	case replication.UPDATE_ROWS_EVENTv1, replication.UPDATE_ROWS_EVENTv2, replication.PARTIAL_UPDATE_ROWS_EVENT,
		replication.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1, mariadbRowsV2From + 1:
		return stream.Update, true
	case replication.DELETE_ROWS_EVENTv1, replication.DELETE_ROWS_EVENTv2, replication.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1, mariadbRowsV2To:
		return stream.Delete, true
	}
	return 0, false
}

func compressed(t replication.EventType) bool {
	return t >= replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1 && t <= mariadbRowsV2To
}

// rowsVersion: the second one has a field for more data in front.
func rowsVersion(t replication.EventType) int {
	if t >= replication.WRITE_ROWS_EVENTv2 && t <= replication.PARTIAL_UPDATE_ROWS_EVENT || t >= mariadbRowsV2From {
		return 2
	}
	return 1
}
