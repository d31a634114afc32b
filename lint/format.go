package lint

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Format is whose file it is. It decides which part of the file goes forward and what is one transaction.
type Format string

// The formats. Plain is run statement by statement, each committed by itself.
const (
	Plain         Format = "plain"
	GolangMigrate Format = "golang-migrate"
	Goose         Format = "goose"
	Flyway        Format = "flyway"
	Dbmate        Format = "dbmate"
	Atlas         Format = "atlas"
	Rails         Format = "rails"
	Django        Format = "django"
	Alembic       Format = "alembic"
	Prisma        Format = "prisma"
	Tern          Format = "tern"
	Liquibase     Format = "liquibase"
)

// Formats lists them.
func Formats() []Format {
	return []Format{Plain, GolangMigrate, Goose, Flyway, Dbmate, Atlas, Rails, Django, Alembic, Prisma, Tern, Liquibase}
}

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("format %q is not one of %v", s, Formats())
}

// Reading says how files are read. The zero value finds everything out by itself.
type Reading struct {
	Format Format // "" is found out from name and text
	// InTransaction overrides what the format says.
	InTransaction *bool
	// Down reads what takes a migration back instead of what goes forward.
	Down bool
}

var (
	golangMigrateName = regexp.MustCompile(`\.(up|down)\.sql$`)
	flywayName        = regexp.MustCompile(`^([VUB]\d[\w.]*|R)__.*\.sql$`)
	railsLine         = regexp.MustCompile(`(?m)^[ \t]*(?:D, \[[^\n]*?-- : +)?(?:[A-Z][\w:]*(?: [A-Z]\w+)* )?\(\d+(?:\.\d+)?ms\)[ \t]+`)
	alembicMark       = regexp.MustCompile(`(?m)^-- Running (upgrade|downgrade) `)
	gooseMark         = regexp.MustCompile(`(?mi)^--[ \t]*\+goose[ \t]+`)
	dbmateMark        = regexp.MustCompile(`(?m)^--[ \t]*migrate:(up|down)`)
	ternMark          = regexp.MustCompile(`(?m)^---- create above / drop below ----`)
	liquibaseMark     = regexp.MustCompile(`(?i)^\s*--[ \t]*liquibase formatted sql`)
	djangoMark        = regexp.MustCompile(`(?m)\A(?:BEGIN;\s*)?--\s*\n-- (?:Create model|Add field|Alter field|Remove field|Rename|Delete model|Create index|Raw SQL|Create constraint|Alter unique|Raw Python|Add index|Remove index|Remove constraint)`)
)

// holdsFold reports whether a text holds a mark, in any case. It is asked before a pattern is: a search through a text costs more than all else that is
// done to find out whose file it is. The mark begins with what has no case.
func holdsFold(src, mark string) bool {
	for at := 0; ; at++ {
		i := strings.IndexByte(src[at:], mark[0])
		if i < 0 || len(src)-at-i < len(mark) {
			return false
		}
		if at += i; strings.EqualFold(src[at:at+len(mark)], mark) {
			return true
		}
	}
}

// DetectFormat finds out whose file it is by its name and its marks.
func DetectFormat(name, src string) Format {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	switch {
	case holdsFold(src, "+goose") && gooseMark.MatchString(src):
		return Goose
	case strings.Contains(src, "migrate:") && dbmateMark.MatchString(src):
		return Dbmate
	case strings.Contains(src, "-- create above") && ternMark.MatchString(src):
		return Tern
	case liquibaseMark.MatchString(src):
		return Liquibase
	case strings.Contains(src, "-- Running ") && alembicMark.MatchString(src):
		return Alembic
	case djangoMark.MatchString(src):
		return Django
	case strings.Contains(src, "-- atlas:"):
		return Atlas
	case golangMigrateName.MatchString(base):
		return GolangMigrate
	case flywayName.MatchString(base):
		return Flyway
	case base == "migration.sql":
		return Prisma
	case strings.Contains(src, "ms)") && railsLine.MatchString(src):
		return Rails
	}
	return Plain
}

// NewFile reads one file. ok is false when there is nothing of the wanted direction in it, as in a
// golang-migrate down file.
func NewFile(d *Dialect, name, src string, r Reading) (f *File, ok bool) {
	f = &File{Path: name, Source: src, Format: r.Format}
	if f.Format == "" {
		f.Format = DetectFormat(name, src)
	}
	b := &fileReader{File: f, syntax: d.Syntax, down: r.Down}
	ok = b.read(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if r.InTransaction != nil {
		f.Wrapped, f.Single = *r.InTransaction, false
	}
	for i := range f.Statements {
		f.Statements[i].File = f
	}
	return f, ok
}

type fileReader struct {
	*File
	syntax Syntax
	down   bool
}

func (r *fileReader) read(base string) bool {
	switch r.Format {
	case GolangMigrate:
		if down := strings.HasSuffix(base, ".down.sql"); down != r.down {
			return false
		}
		r.Single = true
	case Flyway:
		if undo := strings.HasPrefix(base, "U"); undo != r.down {
			return false
		}
		r.Wrapped = true
	case Prisma:
		r.Single = true
	case Atlas:
		r.Wrapped = !strings.Contains(r.Source, "-- atlas:txmode none")
	case Goose:
		r.goose()
		return true
	case Dbmate:
		r.dbmate()
		return true
	case Tern:
		r.tern()
		return true
	case Liquibase:
		r.liquibase()
		return true
	case Rails:
		r.split(railsText(r.Source))
		return true
	}
	r.split(r.Source)
	return true
}

func (r *fileReader) split(text string) { r.Statements = append(r.Statements, r.syntax.Split(text)...) }

// part splits a part of the source and keeps positions.
func (r *fileReader) part(from, to int) {
	for _, s := range r.syntax.Split(r.Source[from:to]) {
		s.Start, s.End = s.Start+from, s.End+from
		r.Statements = append(r.Statements, s)
	}
}

// goose: "-- +goose Up", "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION".
func (r *fileReader) goose() {
	r.Wrapped = true
	marks := gooseMark.FindAllStringIndex(r.Source, -1)
	forward, from, whole := true, 0, false
	take := func(to int) {
		switch {
		case forward == r.down:
		case whole:
			r.whole(from, to)
		default:
			r.part(from, to)
		}
	}
	for _, m := range marks {
		end := line(r.Source, m[0])
		word := strings.ToUpper(strings.Join(strings.Fields(r.Source[m[1]:end]), " "))
		take(m[0])
		from, whole = end, word == "STATEMENTBEGIN"
		switch word {
		case "UP":
			forward = true
		case "DOWN":
			forward = false
		case "NO TRANSACTION":
			r.Wrapped = false
		}
	}
	take(len(r.Source))
}

// whole takes a part of the source as one statement.
func (r *fileReader) whole(from, to int) {
	tokens := r.syntax.Tokens(r.Source[from:to])
	for len(tokens) > 0 && tokens[len(tokens)-1].Is(";") {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return
	}
	start, end := from+tokens[0].Start, from+tokens[len(tokens)-1].End
	r.Statements = append(r.Statements, Statement{Text: r.Source[start:end], Start: start, End: to, Open: tokens[len(tokens)-1].Open})
}

// dbmate: "-- migrate:up transaction:false", "-- migrate:down".
func (r *fileReader) dbmate() {
	r.Wrapped = true
	marks := dbmateMark.FindAllStringSubmatchIndex(r.Source, -1)
	if len(marks) == 0 && !r.down { // it is called so, and isn't marked: nothing is passed over in silence
		r.part(0, len(r.Source))
	}
	for i, m := range marks {
		to := len(r.Source)
		if i+1 < len(marks) {
			to = marks[i+1][0]
		}
		if (r.Source[m[2]:m[3]] == "down") != r.down {
			continue
		}
		end := line(r.Source, m[0])
		r.Wrapped = !strings.Contains(r.Source[m[1]:end], "transaction:false")
		r.part(end, to)
	}
}

func (r *fileReader) tern() {
	r.Wrapped = !strings.Contains(r.Source, "---- tern: disable-tx ----")
	m := ternMark.FindStringIndex(r.Source)
	switch {
	case m == nil && !r.down: // there is no way back
		r.part(0, len(r.Source))
	case m != nil && r.down:
		r.part(m[1], len(r.Source))
	case m != nil:
		r.part(0, m[0])
	}
}

// liquibase: a transaction a change set; "--rollback" lines are comments.
func (r *fileReader) liquibase() {
	r.Wrapped = !strings.Contains(strings.ToLower(r.Source), "runintransaction:false")
	r.part(0, len(r.Source))
}

// railsText blanks what the log writes in front of each statement, and ends the statement before it. The text keeps its
// length, so that positions hold.
func railsText(src string) string {
	b := []byte(src)
	for _, m := range railsLine.FindAllStringIndex(src, -1) {
		for i := m[0]; i < m[1]; i++ {
			b[i] = ' '
		}
		if m[0] > 0 {
			b[m[0]-1] = ';'
		}
	}
	return stripBinds(string(b))
}

// Rails writes the values of placeholders behind a statement, and colours.
var railsTail = regexp.MustCompile(`(?m)[ \t]+\[\[.*\]\][ \t]*(;|$)|\x1b\[[0-9;]*m`)

func stripBinds(s string) string {
	return railsTail.ReplaceAllStringFunc(s, func(m string) string {
		if strings.HasSuffix(m, ";") {
			return strings.Repeat(" ", len(m)-1) + ";"
		}
		return strings.Repeat(" ", len(m))
	})
}
