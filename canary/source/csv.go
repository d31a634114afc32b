package source

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/canary"
)

// CSV reads one side of a release. The first line names the columns: "time" (RFC 3339 or Unix seconds),
// and for each metric NAME for its values, or NAME.events and NAME.total; NAME.total beside NAME are the
// requests behind each point. An empty cell means that nothing was measured.
func CSV(r io.Reader) (canary.Population, error) {
	in := csv.NewReader(withoutMark(r))
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		err = errors.New("it is empty; the first line names the columns")
	}
	if err != nil {
		return canary.Population{}, fmt.Errorf("read CSV: %w", err)
	}
	t, err := newTable(head)
	for err == nil {
		var row []string
		if row, err = in.Read(); err == nil {
			line, _ := in.FieldPos(0)
			err = t.add(line, row)
		}
	}
	if !errors.Is(err, io.EOF) {
		return canary.Population{}, fmt.Errorf("read CSV: %w", err)
	}
	return t.population()
}

// withoutMark skips the byte order mark that spreadsheets write.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if c, _, err := b.ReadRune(); err == nil && c != '\uFEFF' {
		_ = b.UnreadRune()
	}
	return b
}

// table collects columns.
type table struct {
	names []string
	time  int // the column of times, or -1
	times []int64
	cells [][]*float64 // by column; nil: empty
}

func newTable(head []string) (*table, error) {
	t := &table{time: -1, cells: make([][]*float64, len(head))}
	for i, name := range head {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, fmt.Errorf("column %d has no name", i+1)
		}
		if slices.Contains(t.names, name) {
			return nil, fmt.Errorf("column %s is there twice", name)
		}
		if name == "time" {
			t.time = i
		}
		t.names = append(t.names, name)
	}
	return t, nil
}

func (t *table) add(line int, row []string) error {
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		if i == t.time {
			ms, err := moment(cell)
			if err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
			t.times = append(t.times, ms)
			continue
		}
		v, err := number(cell)
		if err != nil {
			return fmt.Errorf("line %d, column %s: %w", line, t.names[i], err)
		}
		t.cells[i] = append(t.cells[i], v)
	}
	return nil
}

func number(cell string) (*float64, error) {
	if cell == "" {
		return nil, nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("%q is no finite number; leave the cell empty where nothing was measured", cell)
	}
	return &v, nil
}

// moment reads RFC 3339, or Unix seconds, as Unix milliseconds.
func moment(s string) (int64, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UnixMilli(), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("time %q is neither RFC 3339 nor Unix seconds", s)
	}
	return milliseconds(v)
}

func milliseconds(seconds float64) (int64, error) {
	if !(math.Abs(seconds) < 1e11) {
		return 0, fmt.Errorf("time %v is out of range; are these seconds?", seconds)
	}
	return int64(math.Round(seconds * 1000)), nil
}

// population turns columns into metrics.
func (t *table) population() (canary.Population, error) {
	columns := map[string]*gappy{}
	of := func(name string) *gappy {
		if columns[name] == nil {
			columns[name] = &gappy{times: t.times}
		}
		return columns[name]
	}
	for i, name := range t.names {
		if i == t.time {
			continue
		}
		if m, ok := strings.CutSuffix(name, ".events"); ok {
			of(m).events = t.column(i)
		} else if m, ok := strings.CutSuffix(name, ".total"); ok {
			of(m).total = t.column(i)
		} else {
			of(name).values = t.column(i)
		}
	}
	return samples(columns)
}

// column is never nil: a column without rows is there, and empty.
func (t *table) column(i int) []*float64 {
	if t.cells[i] == nil {
		return []*float64{}
	}
	return t.cells[i]
}
