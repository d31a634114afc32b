package pgoutput

import (
	"fmt"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/stream"
)

// insert, update and remove make the change that a message is.

func (f *followed) insert(m *pglogrepl.InsertMessage) (stream.Change, error) {
	after, err := f.row(m.Tuple, false)
	return stream.Change{Relation: f.number, Kind: stream.Insert, After: after}, err
}

// update: the log has an old row where the key has changed, and always where the replica
// identity is FULL. Else the old key is the new one.
func (f *followed) update(m *pglogrepl.UpdateMessage) (stream.Change, error) {
	c := stream.Change{Relation: f.number, Kind: stream.Update}
	var err error
	if c.After, err = f.row(m.NewTuple, false); err != nil {
		return c, err
	}
	if m.OldTuple == nil {
		c.Before = f.keyOf(c.After)
		return c, nil
	}
	if c.Before, err = f.row(m.OldTuple, m.OldTupleType == pglogrepl.UpdateMessageTupleTypeKey); err != nil {
		return c, err
	}
	for i, v := range c.After {
		if v.Form == stream.Unchanged && c.Before[i].Form == stream.Literal {
			c.After[i] = c.Before[i]
		}
	}
	return c, nil
}

func (f *followed) remove(m *pglogrepl.DeleteMessage) (stream.Change, error) {
	before, err := f.row(m.OldTuple, m.OldTupleType == pglogrepl.DeleteMessageTupleTypeKey)
	return stream.Change{Relation: f.number, Kind: stream.Delete, Before: before}, err
}

// keyOf is an old row of which only the key is known.
func (f *followed) keyOf(r stream.Row) stream.Row {
	out := make(stream.Row, len(r))
	for i := range r {
		if out[i].Form = stream.Absent; f.columns[i].key {
			out[i] = r[i]
		}
	}
	return out
}

// row writes a tuple's values as literals, in one block of memory. Of a tuple of the
// key only, the columns outside of it are no values, although they look like NULL.
func (f *followed) row(t *pglogrepl.TupleData, key bool) (stream.Row, error) {
	if t == nil || len(t.Columns) != len(f.logged) {
		return nil, fmt.Errorf("read a row of %s: its columns aren't those that the log has described", f.Ident)
	}
	size := 0
	for _, c := range t.Columns {
		size += literalSize(c.Data)
	}
	out, block := make(stream.Row, len(f.columns)), make([]byte, 0, size)
	for i := range out {
		out[i].Form = stream.Absent
	}
	for i, c := range t.Columns {
		at := f.logged[i]
		if key && !f.columns[at].key {
			continue
		}
		switch c.DataType {
		case pglogrepl.TupleDataTypeNull:
			out[at].Form = stream.Null
		case pglogrepl.TupleDataTypeToast:
			out[at].Form = stream.Unchanged
		case pglogrepl.TupleDataTypeText:
			begin := len(block)
			block = appendLiteral(block, c.Data)
			out[at] = stream.Value{Text: block[begin:len(block):len(block)], Form: stream.Literal}
		default:
			return nil, fmt.Errorf("read a row of %s: column %s comes in the form %q", f.Ident, f.columns[at].name, c.DataType)
		}
	}
	return out, nil
}
