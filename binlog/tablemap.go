package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/stream"
)

// decoder turns rows events into changes of the followed relations.
type decoder struct {
	relations []*relation
	byName    map[string]*relation // by the names as a table map has them: length, database, 0, length, table
	byID      map[uint64]*relation // of the open statement; nil for what isn't followed
	shapes    map[uint64][]byte    // what table maps of followed relations say, until rows come
	fold      bool
	arena     arena
	before    []span
}

// relation is a followed table and how its rows are laid out in the log.
type relation struct {
	Relation
	index   int
	shape   []byte // what the table map says of the columns; nil before the first one
	columns []column
}

func newDecoder(list []Relation, c Config) (*decoder, error) {
	d := &decoder{byName: map[string]*relation{}, byID: map[uint64]*relation{}, shapes: map[uint64][]byte{}, fold: c.FoldNames}
	for i, r := range list {
		if r.Schema == "" || r.Name == "" || len(r.Columns) == 0 {
			return nil, fmt.Errorf("follow relation %d: it has no database, name or columns", i)
		}
		one := &relation{Relation: r, index: i}
		for _, col := range r.Columns {
			def, err := newColumn(col, c.MariaDB)
			if err != nil {
				return nil, fmt.Errorf("follow %s: %w", r.Ident, err)
			}
			one.columns = append(one.columns, def)
		}
		one.columns = append(one.columns, slices.Repeat([]column{{kind: integerValue, generated: true}}, r.Hidden)...)
		d.relations = append(d.relations, one)
		d.byName[d.key(mapName(r.Schema, r.Name))] = one
	}
	return d, nil
}

// mapName writes the names as a table map does.
func mapName(database, table string) []byte {
	b := append([]byte{byte(len(database))}, database...)
	b = append(b, 0, byte(len(table)))
	return append(append(b, table...), 0)
}

func (d *decoder) key(name []byte) string {
	if d.fold {
		return strings.ToLower(string(name))
	}
	return string(name)
}

func (d *decoder) find(name []byte) *relation {
	if d.fold {
		return d.byName[strings.ToLower(string(name))]
	}
	return d.byName[string(name)]
}

// forgetTables: numbers of tables hold until the end of a transaction.
func (d *decoder) forgetTables() {
	clear(d.byID)
	clear(d.shapes)
}

// tableMap notes which table a number stands for, and checks that it is still the
// table that was asked about.
func (d *decoder) tableMap(body []byte) error {
	if len(body) < 10 {
		return errShort
	}
	id := number48(body)
	name := body[8:]
	table := int(name[0]) + 2 // where the second length stands
	if len(name) <= table || len(name) < table+int(name[table])+2 {
		return errShort
	}
	end := table + int(name[table]) + 2
	return d.mapped(id, name[:end], name[end:])
}

func (d *decoder) mapped(id uint64, name, shape []byte) error {
	r := d.find(name)
	d.byID[id] = r
	switch {
	case r == nil:
	case bytes.Equal(r.shape, shape):
		delete(d.shapes, id)
	default:
		d.shapes[id] = bytes.Clone(shape)
	}
	return nil
}

// hold holds a relation against its table map when rows come. A map alone says
// nothing of rows: under LOCK TABLES a transaction has one of each locked table, also of one
// that another takes the name of in the next moment.
func (d *decoder) hold(id uint64, r *relation) error {
	shape, ok := d.shapes[id]
	if !ok || bytes.Equal(r.shape, shape) {
		return nil
	}
	if r.shape != nil {
		return r.stop("somebody changed its columns")
	}
	if err := r.learn(shape); err != nil {
		return err
	}
	r.shape = shape
	return nil
}

func number48(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// stop is what ends the reading because of this relation.
func (r *relation) stop(format string, args ...any) error {
	return &stream.StopError{Relation: r.Ident, Reason: fmt.Sprintf(format, args...), Hint: "look at the table, then start the copy anew"}
}

func (r *relation) name(i int) string {
	if i < len(r.Columns) {
		return r.Columns[i].Name
	}
	return "number " + strconv.Itoa(i+1)
}

func (r *relation) declared(i int) string {
	if i < len(r.Columns) {
		return r.Columns[i].Type
	}
	return "one of the server's own"
}

// learn reads what the first table map says of the columns and holds it against the
// catalog.
func (r *relation) learn(shape []byte) error {
	count, n, ok := lenInt(shape)
	if !ok || uint64(len(shape)-n) < count {
		return errShort
	}
	if count != uint64(len(r.columns)) {
		return r.stop("the log has %d columns of it, the catalog %d", count, len(r.columns))
	}
	types := shape[n : n+int(count)]
	shape = shape[n+int(count):]
	size, n, ok := lenInt(shape)
	if !ok || uint64(len(shape)-n) < size {
		return errShort
	}
	meta := shape[n : n+int(size)]
	for i := range r.columns {
		used, err := r.columns[i].learn(types[i], meta)
		if err != nil {
			return r.stop("column %s is %s in the catalog, but %s", r.name(i), r.declared(i), err)
		}
		meta = meta[used:]
	}
	rest := shape[n+int(size):]
	if skip := (int(count) + 7) / 8; len(rest) >= skip { // which columns may be NULL
		return r.signs(rest[skip:])
	}
	return nil
}

// signs holds the log's signs of numbers, where it has them, against the catalog's.
func (r *relation) signs(optional []byte) error {
	const signedness = 1
	for len(optional) > 1 {
		field := optional[0]
		size, n, ok := lenInt(optional[1:])
		if !ok || uint64(len(optional)-1-n) < size {
			return errShort
		}
		value := optional[1+n : 1+n+int(size)]
		optional = optional[1+n+int(size):]
		if field != signedness {
			continue
		}
		k := 0
		for i := range r.columns {
			if !r.columns[i].numeric() {
				continue
			}
			if k/8 < len(value) && r.columns[i].unsigned != (value[k/8]&(0x80>>(k%8)) != 0) && i < len(r.Columns) && r.columns[i].signed() {
				return r.stop("column %s is %s in the catalog, but has another sign in the log", r.name(i), r.declared(i))
			}
			k++
		}
	}
	return nil
}
