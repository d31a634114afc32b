package schema

import (
	"fmt"
	"slices"
	"strings"
)

// ObjectKind tells apart what a table has.
type ObjectKind string

// The kinds of objects.
const (
	ColumnObject     ObjectKind = "column"
	IndexObject      ObjectKind = "index"
	ConstraintObject ObjectKind = "constraint"
	TriggerObject    ObjectKind = "trigger"
	LabelObject      ObjectKind = "label"   // a value of an enum type
	SettingObject    ObjectKind = "setting" // of the table as a whole
	// The comments, by the name of what they are on.
	ColumnComment     ObjectKind = "comment of column"
	IndexComment      ObjectKind = "comment of index"
	ConstraintComment ObjectKind = "comment of constraint"
	TriggerComment    ObjectKind = "comment of trigger"
	TableComment      ObjectKind = "comment of table"
	// TableObject is a table as a whole, which may not be there or have another name.
	TableObject ObjectKind = "table"
)

// Object names one thing that a table has, or could have.
type Object struct {
	Kind ObjectKind `json:"kind"`
	Name string     `json:"name"`
}

// Shows describes an object canonically in one line. It changes when, and only when, the object
// does; what isn't there has a line, too.
func (t *Table) Shows(o Object) string {
	switch o.Kind {
	case ColumnObject:
		if c, ok := t.Column(o.Name); ok {
			return c.line(0)
		}
	case IndexObject:
		if x, ok := t.Index(o.Name); ok {
			return x.line() + fmt.Sprintf(" constraint=%t", x.Constraint)
		}
	case ConstraintObject:
		if c, ok := t.Constraint(o.Name); ok {
			return c.line()
		}
	case TriggerObject:
		if g, ok := t.Trigger(o.Name); ok {
			return g.line()
		}
	case LabelObject:
		if slices.Contains(t.Labels, o.Name) {
			return fmt.Sprintf("label %q", o.Name)
		}
	case TableObject:
		if t.Kind != Absent && t.Name == o.Name {
			return fmt.Sprintf("table %q: ", o.Name) + t.whole()
		}
	case SettingObject:
		if s := t.Setting(o.Name); s != "" {
			return s
		}
	default:
		return o.Says(t.CommentOn(o))
	}
	return fmt.Sprintf("no %s %q", o.Kind, o.Name)
}

// whole tells a table apart by what it keeps under every name: definitions of indexes and constraints may name the table itself.
func (t *Table) whole() string {
	if t.Kind == View {
		return fmt.Sprintf("kind=%s definition=%q comment=%q", t.Kind, t.Definition, t.Comment)
	}
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.line(0)+fmt.Sprintf(" comment=%q", c.Comment))
	}
	for _, x := range t.Indexes {
		out = append(out, fmt.Sprintf("index %q unique=%t primary=%t invalid=%t constraint=%t comment=%q", x.Name, x.Unique, x.Primary, x.Invalid, x.Constraint, x.Comment))
	}
	for _, c := range t.Constraints {
		if !c.Incoming {
			out = append(out, fmt.Sprintf("constraint kind=%s not_valid=%t columns=%s comment=%q", c.Kind, c.NotValid, strings.Join(c.Columns, ","), c.Comment))
		}
	}
	slices.Sort(out)
	return strings.Join(append(out, fmt.Sprintf("kind=%s storage=%s partitioned=%t comment=%q", t.Kind, t.Storage, t.Partitioned, t.Comment)), "; ")
}

// Says is what a comment of this text shows.
func (o Object) Says(text string) string {
	if text == "" {
		return fmt.Sprintf("no %s %q", o.Kind, o.Name)
	}
	return fmt.Sprintf("%s %q: %q", o.Kind, o.Name, text)
}

// CommentOn is the text of a comment, "" where there is none.
func (t *Table) CommentOn(o Object) string {
	switch o.Kind {
	case ColumnComment:
		c, _ := t.Column(o.Name)
		return c.Comment
	case IndexComment:
		x, _ := t.Index(o.Name)
		return x.Comment
	case ConstraintComment:
		if x, ok := t.Index(o.Name); ok && x.Constraint {
			return x.ConstraintComment
		}
		c, _ := t.Constraint(o.Name)
		return c.Comment
	case TriggerComment:
		g, _ := t.Trigger(o.Name)
		return g.Comment
	case TableComment:
		return t.Comment
	}
	return ""
}
