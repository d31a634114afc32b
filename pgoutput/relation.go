package pgoutput

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// followed is a relation as the catalog has it when reading begins, which is what the
// log's own description of it must equal.
type followed struct {
	schema.Ident
	number   int // its place in Options.Follow
	oid      uint32
	root     uint32 // the table that it is a partition of, which is the one that is published; 0: none
	identity byte   // d, i, f or n
	columns  []column
	logged   []int // columns[logged[i]] is the message's column i
	checked  bool  // the log has described it, and as here
}

type column struct {
	name      string
	typ       string
	typeID    uint32
	modifier  int32
	generated bool
	key       bool // of the replica identity
}

const relationSQL = `SELECT c.oid, c.relkind, c.relpersistence, c.relreplident
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`

// columnsSQL lists columns with whether they are part of the replica identity's index: a
// deferrable or invalid one is none.
const columnsSQL = `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod, a.attgenerated <> '',
	EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
		AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)
		AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

const partsSQL = `SELECT n.nspname, c.relname FROM pg_partition_tree($1::oid) AS t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE t.isleaf AND t.level > 0 ORDER BY c.oid`

// find reads a relation from the catalog and holds it against what the run began
// with. A partitioned table is what its partitions are: each of them logs its rows under its own name.
func find(ctx context.Context, s *session, number int, want Relation) ([]*followed, error) {
	row, err := s.row(ctx, relationSQL, want.Schema, want.Name)
	if err != nil {
		return nil, fmt.Errorf("read %s from the catalog: %w", want.Ident, err)
	}
	if row == nil {
		return nil, stop(want.Ident, "somebody dropped or renamed the table")
	}
	if row[1] != "p" {
		f, err := plain(ctx, s, number, row, want)
		return []*followed{f}, err
	}
	parts, err := s.rows(ctx, partsSQL, row[0])
	if err != nil {
		return nil, fmt.Errorf("list the partitions of %s: %w", want.Ident, err)
	}
	var out []*followed
	for _, r := range parts {
		part := want
		part.Ident = schema.Ident{Schema: r[0], Name: r[1]}
		leaf, err := s.row(ctx, relationSQL, part.Schema, part.Name)
		if err != nil {
			return nil, fmt.Errorf("read %s from the catalog: %w", part.Ident, err)
		}
		if leaf == nil {
			return nil, stop(part.Ident, "somebody dropped or renamed the partition")
		}
		f, err := plain(ctx, s, number, leaf, part)
		if err != nil {
			return nil, err
		}
		f.root = uint32(number32(row[0]))
		out = append(out, f)
	}
	return out, nil
}

// plain reads a relation that has rows of its own.
func plain(ctx context.Context, s *session, number int, row []string, want Relation) (*followed, error) {
	if row[1] != "r" {
		return nil, stop(want.Ident, "only tables can be followed")
	}
	if row[2] != "p" {
		return nil, stop(want.Ident, "the table is unlogged or temporary: its rows aren't in the log")
	}
	f := &followed{Ident: want.Ident, number: number, oid: uint32(number32(row[0])), identity: row[3][0]}
	rows, err := s.rows(ctx, columnsSQL, row[0])
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", want.Ident, err)
	}
	for i, r := range rows {
		c := column{name: r[0], typ: r[1], typeID: uint32(number32(r[2])), modifier: int32(number32(r[3])), generated: r[4] == "t", key: r[5] == "t"}
		f.columns = append(f.columns, c)
		if !c.generated {
			f.logged = append(f.logged, i)
		}
	}
	if err := f.compare(want); err != nil {
		return nil, err
	}
	return f, f.identifies(want.Key)
}

// computed is a generated column, or "".
func (f *followed) computed() string {
	for _, c := range f.columns {
		if c.generated {
			return c.name
		}
	}
	return ""
}

// number32 reads a number that the server printed.
func number32(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// compare holds the catalog of now against that of the run's beginning.
func (f *followed) compare(want Relation) error {
	if len(f.columns) != len(want.Columns) {
		return stop(f.Ident, "somebody changed the table: it has %d columns and had %d", len(f.columns), len(want.Columns))
	}
	for i, c := range want.Columns {
		g := f.columns[i]
		switch {
		case g.name != c.Name:
			return stop(f.Ident, "somebody changed the table: column %d is %s and was %s", i+1, g.name, c.Name)
		case g.typ != c.Type:
			return stop(f.Ident, "somebody changed the table: column %s is %s and was %s", c.Name, g.typ, c.Type)
		case g.generated != (c.Generated != ""):
			return stop(f.Ident, "somebody changed the table: column %s is computed or was, not both", c.Name)
		}
	}
	return nil
}

// identifies: old rows must hold the key that is walked.
func (f *followed) identifies(key []string) error {
	for _, name := range key {
		i := slices.IndexFunc(f.columns, func(c column) bool { return c.name == name })
		if i < 0 {
			return stop(f.Ident, "the key's column %s isn't in the table", name)
		}
		if f.identity != 'f' && !f.columns[i].key || f.columns[i].generated {
			err := stop(f.Ident, "its replica identity doesn't log the key's column %s", name)
			err.Hint = "ALTER TABLE " + quoted(f.Ident) + " REPLICA IDENTITY FULL, or USING INDEX of the key's index"
			return err
		}
	}
	return nil
}

// describe takes the log's description of the relation. The server sends it before the
// first change, and again whenever something about the relation has changed.
func (f *followed) describe(m *pglogrepl.RelationMessage) error {
	if m.Namespace != f.Schema || m.RelationName != f.Name {
		return stop(f.Ident, "somebody renamed the table: it is %s.%s", m.Namespace, m.RelationName)
	}
	if m.ReplicaIdentity != f.identity {
		return stop(f.Ident, "somebody changed the table's replica identity from %c to %c", f.identity, m.ReplicaIdentity)
	}
	if len(m.Columns) != len(f.logged) {
		return stop(f.Ident, "somebody changed the table: the log has %d columns of it (%s), the catalog %d", len(m.Columns), names(m.Columns), len(f.logged))
	}
	for i, c := range m.Columns {
		want := f.columns[f.logged[i]]
		switch {
		case c.Name != want.name:
			return stop(f.Ident, "somebody changed the table: column %s is %s in the log", want.name, c.Name)
		case c.DataType != want.typeID || c.TypeModifier != want.modifier:
			return stop(f.Ident, "somebody changed the table: column %s, in the catalog %s, has another type in the log", want.name, want.typ)
		case f.identity != 'f' && (c.Flags&1 != 0) != want.key:
			return stop(f.Ident, "somebody changed the table's replica identity: column %s is part of it or was, not both", want.name)
		}
	}
	f.checked = true
	return nil
}

func names(list []*pglogrepl.RelationMessageColumn) string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Name
	}
	return strings.Join(out, ", ")
}

func stop(id schema.Ident, format string, args ...any) *stream.StopError {
	return &stream.StopError{Relation: id, Reason: fmt.Sprintf(format, args...), Hint: "abort the run and start it anew"}
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoted(id schema.Ident) string { return quote(id.Schema) + "." + quote(id.Name) }
