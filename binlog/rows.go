package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/phasemig/phasemig/stream"
)

// rowsEvent is an event with rows of one kind.
type rowsEvent struct {
	body       []byte
	kind       stream.Kind
	version    int
	compressed bool
	partial    bool // JSON may be logged as a difference
}

// span is where a value of an image lies.
type span struct {
	raw  []byte
	null bool
}

// lastNumber is the number of table maps that only end a statement.
const lastNumber = 0xffffff

// rows calls take with each change of a followed relation and about how many bytes
// it holds.
func (d *decoder) rows(e rowsEvent, take func(stream.Change, int) error) error {
	if len(e.body) < 8 {
		return errShort
	}
	id := number48(e.body)
	r, ok := d.byID[id]
	if !ok && id != lastNumber {
		return fmt.Errorf("rows of table number %d come without its name", id)
	}
	if r == nil {
		return nil
	}
	if err := d.hold(id, r); err != nil {
		return err
	}
	if r.shape == nil {
		return fmt.Errorf("rows of table number %d come with a name but without columns", id)
	}
	if e.partial {
		return r.stop("binlog_row_value_options is not empty in a session: JSON is logged in part")
	}
	maps, images, err := r.header(e)
	if err != nil {
		return err
	}
	if e.compressed {
		if images, err = unpack(images); err != nil {
			return err
		}
	}
	return d.images(r, e.kind, maps, images, take)
}

// header checks that every column is in the images, and returns the bitmaps of the
// first and the second image and what follows.
func (r *relation) header(e rowsEvent) (maps [2][]byte, images []byte, err error) {
	b := e.body[8:]
	if e.version == 2 {
		if len(b) < 2 || len(b) < int(binary.LittleEndian.Uint16(b)) {
			return maps, nil, errShort
		}
		b = b[max(2, int(binary.LittleEndian.Uint16(b))):]
	}
	count, n, ok := lenInt(b)
	if !ok {
		return maps, nil, errShort
	}
	if b = b[n:]; count != uint64(len(r.columns)) {
		return maps, nil, r.stop("rows with %d columns instead of %d are in the log", count, len(r.columns))
	}
	size := (len(r.columns) + 7) / 8
	two := 1
	if e.kind == stream.Update {
		two = 2
	}
	if len(b) < two*size {
		return maps, nil, errShort
	}
	for i := range two {
		maps[i] = b[i*size : (i+1)*size]
		if err := r.full(maps[i]); err != nil {
			return maps, nil, err
		}
	}
	return maps, b[two*size:], nil
}

// full refuses images without all columns. Generated ones may be missing.
func (r *relation) full(present []byte) error {
	for i := range r.columns {
		if present[i/8]&(1<<(i%8)) == 0 && !r.columns[i].generated {
			return &stream.StopError{Relation: r.Ident, Reason: "rows without column " + r.name(i) + " are in the log: binlog_row_image is not FULL in a session",
				Hint: "SET GLOBAL binlog_row_image = FULL, end the sessions that set another one, then start the copy anew"}
		}
	}
	return nil
}

func (d *decoder) images(r *relation, kind stream.Kind, maps [2][]byte, b []byte, take func(stream.Change, int) error) error {
	for len(b) > 0 {
		c := stream.Change{Relation: r.index, Kind: kind}
		size := len(b)
		first, rest, err := d.image(r, maps[0], b, nil)
		if err != nil {
			return err
		}
		b = rest
		switch kind {
		case stream.Insert:
			c.After = first
		case stream.Delete:
			c.Before = first
		default:
			c.Before = first
			if c.After, b, err = d.image(r, maps[1], b, first); err != nil {
				return err
			}
		}
		if err := take(c, 2*(size-len(b))+32*len(r.columns)); err != nil {
			return err
		}
	}
	return nil
}

// image reads one image. Values that are equal to those of before, the row's first
// image, share their texts.
func (d *decoder) image(r *relation, present, b []byte, before stream.Row) (stream.Row, []byte, error) {
	in := 0
	for i := range r.columns {
		in += int(present[i/8] >> (i % 8) & 1)
	}
	if len(b) < (in+7)/8 {
		return nil, nil, errShort
	}
	nulls := b[:(in+7)/8]
	b = b[len(nulls):]
	row := d.arena.row(len(r.Columns))
	if before == nil {
		d.before = d.before[:0]
	}
	k := 0
	for i := range r.columns {
		var s span
		if present[i/8]&(1<<(i%8)) != 0 {
			s.null = nulls[k/8]&(1<<(k%8)) != 0
			k++
			if !s.null {
				n, ok := r.columns[i].size(b)
				if !ok || n > len(b) {
					return nil, nil, fmt.Errorf("column %s: %w", r.name(i), errShort)
				}
				s.raw, b = b[:n], b[n:]
			}
		}
		if i >= len(row) { // the server's own
			continue
		}
		if err := d.value(&r.columns[i], &row[i], s, i, before); err != nil {
			return nil, nil, r.stop("column %s: %s", r.name(i), err)
		}
		if before == nil {
			d.before = append(d.before, s)
		}
	}
	return row, b, nil
}

func (d *decoder) value(c *column, v *stream.Value, s span, i int, before stream.Row) error {
	switch {
	case c.generated:
		*v = stream.Value{Form: stream.Absent}
		return nil
	case s.null:
		*v = stream.Value{Form: stream.Null}
		return nil
	case before != nil && !d.before[i].null && bytes.Equal(d.before[i].raw, s.raw):
		*v = before[i]
		return nil
	}
	text, err := c.literal(d.arena.begin(2*len(s.raw)+16), s.raw)
	*v = stream.Value{Text: d.arena.end(text)}
	return err
}
