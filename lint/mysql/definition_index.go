package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// index looks at one index.
func (d *definition) index(x *schema.Index) {
	seen := map[string]bool{}
	total := 0
	most := 16
	if d.maria {
		most = 32
	}
	if len(x.Columns) > most {
		d.fault("the index %s has more than %d parts", quote(x.Name), most)
	}
	for _, p := range x.Columns {
		if p.Expression != "" {
			d.functional(x, p)
			continue
		}
		c := d.k.Column(p.Name)
		switch {
		case c == nil && d.whole:
			d.fault("the index %s names the column %s, which isn't there", quote(x.Name), quote(p.Name))
		case seen[lower(p.Name)]:
			d.fault("the index %s names %s twice", quote(x.Name), quote(p.Name))
		}
		seen[lower(p.Name)] = true
		if c == nil {
			continue
		}
		t, ok := parseType(c.Type)
		if !ok {
			continue
		}
		t.charset = c.Charset
		if d.maria && d.k.Options[compression(c.Name)] != "" {
			d.fault("%s is COMPRESSED, and no index takes it", quote(c.Name))
		}
		total += d.part(x, p, c, t)
	}
	if total > 3072 && d.innodb() && d.refusesLong(x) {
		d.fault("the index %s has more than 3072 bytes", quote(x.Name))
	}
	if n := slices.IndexFunc(x.Columns, multiValued); n >= 0 && slices.ContainsFunc(x.Columns[n+1:], multiValued) {
		d.fault("the index %s has more than one part that is an array", quote(x.Name))
	}
	if x.Primary && x.Invisible {
		d.fault("the primary key can't be invisible")
	}
	if x.Unique && x.Invisible && !d.hasPrimary() && d.notNull(x) && !d.maria {
		d.fault("%s stands for the primary key, and can't be invisible", quote(x.Name))
	}
	if x.Method == "fulltext" {
		d.words(x)
	}
	if x.Method == "spatial" && len(x.Columns) != 1 {
		d.fault("a SPATIAL index has one part")
	}
}

// refusesLong: MariaDB shortens a plain index that is too long, and makes a unique one a HASH.
func (d *definition) refusesLong(x *schema.Index) bool {
	return x.Method == "" && (!d.maria || x.Primary || !x.Unique && len(x.Columns) > 1)
}

func (d *definition) hasPrimary() bool {
	for _, x := range d.k.Indexes {
		if x.Primary {
			return true
		}
	}
	return false
}

func (d *definition) notNull(x *schema.Index) bool {
	for _, p := range x.Columns {
		if c := d.k.Column(p.Name); c == nil || c.Nullable {
			return false
		}
	}
	return true
}

// part looks at one column of an index, and returns its bytes.
func (d *definition) part(x *schema.Index, p schema.IndexColumn, c *schema.Column, t typ) int {
	at := quote(c.Name) + " in the index " + quote(x.Name)
	blob := strings.HasSuffix(t.name, "text") || strings.HasSuffix(t.name, "blob")
	switch {
	case x.Method == "spatial":
		if !t.geometry() {
			d.fault("%s is no geometry, as a SPATIAL index wants it", at)
		} else if c.Nullable {
			d.fault("%s may be NULL, which a SPATIAL index refuses", at)
		}
		return 0
	case x.Method == "fulltext":
		return 0
	case t.name == "vector" && x.Method == "":
		d.fault("%s is a vector, which no index takes", at)
		return 0
	case t.name == "json" && !d.maria:
		d.fault("%s is JSON; only a generated column of it can be indexed", at)
		return 0
	case blob && p.Prefix == 0 && (!d.maria || x.Primary):
		d.fault("the index needs a prefix of %s, such as %s(100)", at, quote(c.Name))
		return 0
	case p.Prefix < 0:
		d.fault("the prefix of %s is 0", at)
	case x.Primary && c.Generated == "virtual":
		d.fault("%s is virtual, and can't be a part of the primary key", at)
	}
	w := 1
	if t.text() || t.name == "json" {
		w = narrow(c.Charset)
		if c.Charset == "" && !d.maria && d.version >= 80000 && d.k.Options["charset"] == "" {
			w = width("utf8mb4") // the server's own default
		}
	}
	length := 0
	switch {
	case t.name == "char" || t.name == "varchar" || t.name == "binary" || t.name == "varbinary":
		length = t.arg(0, 1)
		if p.Prefix > length {
			d.fault("the prefix of %s is longer than the column", at)
		}
	case blob || t.name == "json":
		length = p.Prefix
	case t.geometry():
		if p.Prefix > 0 && !d.maria {
			d.fault("%s is no text, and takes no prefix", at)
		}
		return 32
	default:
		if p.Prefix > 0 && p.Prefix != bytesOf(t) {
			d.fault("%s is no text, and takes no prefix", at)
		}
		return bytesOf(t)
	}
	if p.Prefix > 0 {
		length = p.Prefix
	}
	limit := 3072
	if f := d.k.Options["row_format"]; f == "compact" || f == "redundant" {
		limit = 767
	}
	if length*w > limit && d.innodb() && (d.refusesLong(x) || limit == 767) {
		d.fault("%s has more than %d bytes", at, limit)
		return 0
	}
	return length * w
}

// words looks at a FULLTEXT index.
func (d *definition) words(x *schema.Index) {
	charset, collate := "", ""
	for _, p := range x.Columns {
		c := d.k.Column(p.Name)
		if c == nil {
			continue
		}
		t, ok := parseType(c.Type)
		if ok && (!t.text() || t.name == "enum" || t.name == "set") {
			d.fault("%s is no text, as the FULLTEXT index %s wants it", quote(c.Name), quote(x.Name))
			continue
		}
		if c.Generated == "virtual" && !d.maria {
			d.fault("%s is virtual, and no FULLTEXT index takes it", quote(c.Name))
		}
		if charset != "" && c.Charset != "" && c.Charset != charset {
			d.fault("the columns of the FULLTEXT index %s have different character sets", quote(x.Name))
		}
		if c.Charset != "" {
			charset = c.Charset
		}
		t.charset, t.collate = c.Charset, c.Collation
		if o := d.collationOf(t); o != "" && collate != "" && o != collate {
			d.fault("the columns of the FULLTEXT index %s have different collations", quote(x.Name))
		}
		collate = d.collationOf(t)
	}
	if d.k.Partitioned && !d.maria {
		d.fault("a partitioned table takes no FULLTEXT index")
	}
}

// functional looks at an expression in an index.
func (d *definition) functional(x *schema.Index, p schema.IndexColumn) {
	if why := d.expression(p.Expression, true); why != "" {
		d.fault("the index %s %s", quote(x.Name), why)
	}
	if x.Primary {
		d.fault("the primary key can't hold an expression")
	}
	t := Syntax.Tokens(p.Expression)
	if len(t) == 1 && d.k.Column(t[0].Value()) != nil {
		d.fault("%s in the index %s is a column in parentheses; write it without them", quote(t[0].Value()), quote(x.Name))
	}
	switch {
	case unquotes(t):
		d.fault("the index %s is on an expression that is a LONGTEXT; CAST it to char(n)", quote(x.Name))
	case len(t) == 4 && ident(t[0]) && t[1].Is("-") && t[2].Is(">"), len(t) > 3 && (t[0].Is("JSON_EXTRACT") || t[0].Is("JSON_OBJECT") || t[0].Is("JSON_ARRAY")) && matching(t[1:]) == len(t)-2:
		d.fault("the index %s is on an expression that is JSON; CAST it to what is compared", quote(x.Name))
	}
	if len(t) > 3 && (t[0].Is("LOWER") || t[0].Is("UPPER") || t[0].Is("TRIM") || t[0].Is("CONCAT")) {
		for _, y := range t[1:] {
			if c := d.k.Column(y.Value()); c != nil {
				if ct, ok := parseType(c.Type); ok && strings.HasSuffix(ct.name, "text") {
					d.fault("the index %s is on an expression that is a TEXT; CAST it to char(n)", quote(x.Name))
					return
				}
			}
		}
	}
}

// unquotes: the whole of an expression is doc->>'path' or JSON_UNQUOTE(…).
func unquotes(t []lint.Token) bool {
	switch {
	case len(t) == 5 && ident(t[0]) && t[1].Is("-") && t[2].Is(">") && t[3].Is(">") && t[4].Kind == lint.String:
		return true
	case len(t) > 3 && t[0].Is("JSON_UNQUOTE") && t[1].Is("("):
		return matching(t[1:]) == len(t)-2
	}
	return false
}

// multiValued: the expression is CAST(… AS … ARRAY).
func multiValued(p schema.IndexColumn) bool {
	t := Syntax.Tokens(p.Expression)
	return len(t) > 3 && t[0].Is("CAST") && t[len(t)-2].Is("ARRAY")
}
