package traffic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Version is the old or the new version of the application.
type Version int

// The two versions.
const (
	Old Version = iota
	New
)

func (v Version) String() string { return [...]string{"old", "new"}[v] }

// Scenario is a change of the table users, as the application sees it.
type Scenario struct {
	Name string
	// Columns are what the versions name. Where the change keeps the name, both
	// lists are the same and SameName is set.
	Columns  [2][]string
	SameName bool
	// Required columns take no NULL, for either version.
	Required bool

	// up and down say what one side holds after a write to the other.
	up, down func([]Value) []Value
	// draw makes what a writer writes: a value for each column of its version.
	draw func(r *rand.Rand, v Version, unique int64) []Value
	// load is the SQL, and the Go twin of it, that fills the old columns of row id at first.
	load loader
	// changes is the change file for each SQL dialect.
	changes map[bool]string
	numeric bool
}

// shared: several rows may get the same value.
func (s Scenario) shared() bool { return s.Name != "rename-unique" }

// text: the columns hold words whose case can be changed, and a write to one
// version's name is a write to one side.
func (s Scenario) text() bool {
	return !s.numeric && !s.SameName && s.shared()
}

// omits: this version may leave the columns out of an INSERT. The new version of an
// application whose column is NOT NULL without a default can't.
func (s Scenario) omits(v Version) bool { return v == Old || s.Name != "not-null" }

// missing is what an insert that doesn't name the columns leaves in the old ones.
func (s Scenario) missing() []Value {
	if s.Required {
		return []Value{s.load.of(0)}
	}
	return []Value{Null}
}

// Scenarios lists the example changes, by the name that each carries.
func Scenarios() []Scenario {
	return []Scenario{Rename(), RenameRequired(), RenameUnique(), RenameForeign(), Split(), Retype(), NotNull()}
}

// Change is the change file. Gates asked for come from the caller, as YAML
// lines; replicas is "none" or a YAML list.
func (s Scenario) Change(dsn, replicas, gates string) string {
	return fmt.Sprintf("name: %s\nreplicas: %s\noperations:\n%s%s", s.Name, replicas, s.changes[isPostgres(dsn)], gates)
}

func identity(v []Value) []Value { return v }

func both(s string) map[bool]string { return map[bool]string{true: s, false: s} }

// Rename is the example: full_name becomes display_name.
func Rename() Scenario {
	return Scenario{
		Name:    "rename",
		Columns: [2][]string{{"full_name"}, {"display_name"}},
		up:      identity, down: identity,
		draw:    func(r *rand.Rand, _ Version, n int64) []Value { return []Value{name(r, n, true)} },
		load:    names,
		changes: both("  - rename_column: {table: users, from: full_name, to: display_name}\n"),
	}
}

// RenameRequired renames a column that is NOT NULL with a default.
func RenameRequired() Scenario {
	return Scenario{
		Name:     "rename-required",
		Columns:  [2][]string{{"title"}, {"headline"}},
		Required: true,
		up:       identity, down: identity,
		draw:    func(r *rand.Rand, _ Version, n int64) []Value { return []Value{name(r, n, false)} },
		load:    constant("none"),
		changes: both("  - rename_column: {table: users, from: title, to: headline}\n"),
	}
}

// RenameUnique renames a column with a UNIQUE constraint.
func RenameUnique() Scenario {
	return Scenario{
		Name:    "rename-unique",
		Columns: [2][]string{{"handle"}, {"login"}},
		up:      identity, down: identity,
		draw: func(r *rand.Rand, _ Version, n int64) []Value {
			if r.IntN(10) == 0 {
				return []Value{Null}
			}
			return []Value{Text(fmt.Sprintf("h%d", n))}
		},
		load:    constantID("u"),
		changes: both("  - rename_column: {table: users, from: handle, to: login}\n"),
	}
}

// RenameForeign renames a column with a foreign key.
func RenameForeign() Scenario {
	return Scenario{
		Name:    "rename-foreign",
		Columns: [2][]string{{"team_id"}, {"squad_id"}},
		up:      identity, down: identity,
		draw: func(r *rand.Rand, _ Version, _ int64) []Value {
			if r.IntN(10) == 0 {
				return []Value{Null}
			}
			return []Value{Text(strconv.Itoa(1 + r.IntN(Teams)))}
		},
		load:    modulo(Teams),
		changes: both("  - rename_column: {table: users, from: team_id, to: squad_id}\n"),
		numeric: true,
	}
}

// Split turns full_name into first_name, up to the first space, and last_name, the rest.
func Split() Scenario {
	const head = "  - split_column:\n      table: users\n      column: full_name\n      into:\n"
	const down = `      down: CASE WHEN first_name IS NULL AND last_name IS NULL THEN NULL ELSE concat_ws(' ', first_name, last_name) END` + "\n"
	return Scenario{
		Name:    "split",
		Columns: [2][]string{{"full_name"}, {"first_name", "last_name"}},
		up:      splitName, down: joinName,
		draw: drawSplit,
		load: names,
		changes: map[bool]string{
			true: head + "        first_name: \"split_part(full_name, ' ', 1)\"\n" +
				"        last_name: \"CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END\"\n" + down,
			false: head + "        first_name: \"SUBSTRING_INDEX(full_name, ' ', 1)\"\n" +
				"        last_name: \"CASE WHEN LOCATE(' ', full_name) > 0 THEN SUBSTRING(full_name, LOCATE(' ', full_name) + 1) END\"\n" + down,
		},
	}
}

func splitName(old []Value) []Value {
	if old[0].Null {
		return []Value{Null, Null}
	}
	first, last, found := strings.Cut(old[0].Text, " ")
	if !found {
		return []Value{Text(first), Null}
	}
	return []Value{Text(first), Text(last)}
}

func joinName(nu []Value) []Value {
	var parts []string
	for _, v := range nu {
		if !v.Null {
			parts = append(parts, v.Text)
		}
	}
	if len(parts) == 0 {
		return []Value{Null}
	}
	return []Value{Text(strings.Join(parts, " "))}
}

func drawSplit(r *rand.Rand, v Version, n int64) []Value {
	if v == Old {
		return []Value{name(r, n, true)}
	}
	return []Value{name(r, n, true), name(r, n, true)}
}

// Retype widens age from INT to BIGINT under its own name.
func Retype() Scenario {
	return Scenario{
		Name:     "retype",
		Columns:  [2][]string{{"age"}, {"age"}},
		SameName: true,
		up:       identity, down: identity,
		draw: func(r *rand.Rand, _ Version, n int64) []Value {
			if r.IntN(10) == 0 {
				return []Value{Null}
			}
			return []Value{Text(strconv.FormatInt(n%2_000_000_000, 10))}
		},
		load:    modulo(90),
		changes: both("  - change_type: {table: users, column: age, type: bigint}\n"),
		numeric: true,
	}
}

// Fill is what NotNull puts in the place of NULL.
const Fill = "nobody"

// NotNull makes nickname NOT NULL while code that writes NULL still runs.
func NotNull() Scenario {
	return Scenario{
		Name:     "not-null",
		Columns:  [2][]string{{"nickname"}, {"nickname"}},
		SameName: true,
		up:       fillName, down: unfillName,
		draw:    func(r *rand.Rand, v Version, n int64) []Value { return []Value{name(r, n, v == Old)} },
		load:    names,
		changes: both("  - set_not_null: {table: users, column: nickname, fill: \"'" + Fill + "'\"}\n"),
	}
}

func fillName(old []Value) []Value {
	if old[0].Null {
		return []Value{Text(Fill)}
	}
	return []Value{Text(old[0].Text)}
}

// unfillName: a NULL written before the swap stays NULL on the old side; one
// written after it went through the new side, which filled it.
func unfillName(nu []Value) []Value { return nu }

// words are what names trip over: case, accents, spaces, quotes, what looks like
// a pattern, what needs four bytes, what is equal under one collation or other.
var words = []string{
	"bob", "Bob", "BOB", "bób", "böb", "bob ", " bob", "bob  ", "", " ", "Mary  Ann Smith", "Mary Ann Smith", "Straße", "Strasse",
	"日本 太郎", "🙂 smile", "O'Brien", `back\slash`, "tab\there", "100%_", "null", "NULL", "\"quoted\"", "`tick`", "$$", "ñandu", "nandu", "İstanbul", "ﬁne", "fine", "0", "0.0",
}

// name draws a tricky word, or one that nobody else writes, or NULL.
func name(r *rand.Rand, unique int64, null bool) Value {
	switch n := r.IntN(10); {
	case n == 0 && null:
		return Null
	case n < 5:
		return Text(words[r.IntN(len(words))])
	default:
		return Text(fmt.Sprintf("User %d", unique))
	}
}
