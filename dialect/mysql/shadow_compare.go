package mysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

var _ shadow.Comparer = (*pair)(nil)

// side is how one of the tables is read for a comparison.
type side struct {
	from  string // what stands behind FROM
	key   []plans.KeyPart
	texts string // the key as texts of the source's types
	row   string // one value of all compared columns
}

func (p *pair) sideOf(which shadow.Side) side {
	if which == shadow.Source {
		return side{from: p.source(), key: p.key, texts: keyTexts(p.key), row: p.rowValue(shadow.Source)}
	}
	return side{from: p.target(), key: p.keyTo, texts: p.targetTexts(), row: p.rowValue(shadow.Target)}
}

// targetTexts writes the target's key in the source's form.
func (p *pair) targetTexts() string {
	var out []string
	for n, k := range p.keyTo {
		col := quote(k.Name)
		if from := p.key[n]; from.Charset != "" && from.Charset != k.Charset {
			col = fmt.Sprintf("CONVERT(%s USING %s)", col, from.Charset)
		}
		out = append(out, keyForm(p.key[n]).text(col))
	}
	return strings.Join(out, ", ")
}

// compared writes a column's value so that equal bytes mean an equal value of the
// target's type.
func compared(col, from, to schema.Column) string {
	name, a, b := quote(col.Name), baseType(from.Type), baseType(to.Type)
	if sameDefinition(from, to) {
		return stored(name, a, col)
	}
	switch {
	case integers[a] > 0 && integers[b] > 0:
		return name
	case b == "decimal" && (integers[a] > 0 || a == "decimal"):
		return fmt.Sprintf("CAST(%s AS DECIMAL%s)", name, arguments(to.Type))
	case b == "set" && from.Charset != "":
		return memberFlags(name, to.Type)
	case b == "char" && from.Charset != "": // the server cuts spaces off its end
		return fmt.Sprintf("CAST(TRIM(TRAILING ' ' FROM CONVERT(%s USING %s)) AS BINARY)", name, to.Charset)
	case from.Charset != "" && to.Charset != "":
		return fmt.Sprintf("CAST(CONVERT(%s USING %s) AS BINARY)", name, to.Charset)
	case a == "bit" && b == "bit":
		return name + " + 0"
	case b == "binary": // stored up to its length, with zeros
		return fmt.Sprintf("HEX(CAST(%s AS BINARY%s))", name, arguments(to.Type))
	}
	return assigned(name, to)
}

// memberFlags writes which members of a SET's type a value has: the order of its text is the
// type's own. Text that names others never becomes such a value.
func memberFlags(name, set string) string {
	members := tokens(set[strings.Index(set, "(")+1 : strings.LastIndex(set, ")")])
	var flags []string
	for _, m := range split(members) {
		flags = append(flags, fmt.Sprintf("FIND_IN_SET(%s, %s) > 0", m[0].text, name))
	}
	return "CONCAT(" + strings.Join(flags, ", ") + ")"
}

// stored writes a value by its bytes.
func stored(name, base string, c schema.Column) string {
	switch {
	case base == "float":
		return "CAST(" + name + " AS DOUBLE)"
	case base == "bit", base == "enum", base == "set":
		return name + " + 0"
	case c.Class == schema.Text:
		return "CAST(" + name + " AS BINARY)"
	case base == "json":
		return "CAST(CAST(" + name + " AS CHAR) AS BINARY)"
	case c.Class == schema.Opaque && base != "uuid" && base != "inet4" && base != "inet6":
		return "HEX(" + name + ")"
	}
	return name
}

func arguments(t string) string {
	i, j := strings.Index(t, "("), strings.Index(t, ")")
	if i < 0 || j < i {
		return "(10, 0)"
	}
	return t[i : j+1]
}

// assigned writes what an assignment to the column makes of a value, as far as a
// cast does the same.
func assigned(name string, to schema.Column) string {
	switch base := baseType(to.Type); {
	case to.Charset != "" && to.Class == schema.Text:
		return fmt.Sprintf("CAST(CONVERT(CAST(%s AS CHAR) USING %s) AS BINARY)", name, to.Charset)
	case base == "datetime", base == "timestamp":
		return fmt.Sprintf("CAST(%s AS DATETIME%s)", name, precision(to.Type))
	case base == "time":
		return fmt.Sprintf("CAST(%s AS TIME%s)", name, precision(to.Type))
	case base == "date":
		return fmt.Sprintf("CAST(%s AS DATE)", name)
	case base == "decimal":
		return fmt.Sprintf("CAST(%s AS DECIMAL%s)", name, arguments(to.Type))
	case integers[base] > 0, base == "bit", base == "enum", base == "set", base == "year":
		return fmt.Sprintf("CAST(%s AS DECIMAL(65, 0))", name)
	case base == "double", base == "float":
		return fmt.Sprintf("CAST(%s AS %s)", name, strings.ToUpper(base))
	case base == "json":
		return fmt.Sprintf("CAST(CAST(%s AS JSON) AS CHAR)", name)
	}
	return "HEX(" + name + ")"
}

func precision(t string) string {
	if i := strings.Index(t, "("); i >= 0 {
		return t[i : strings.Index(t, ")")+1]
	}
	return ""
}

// Match implements shadow.Comparer.
func (p *pair) Match(ctx context.Context, r shadow.Range) (shadow.Matched, error) {
	return shadow.MatchSums(ctx, r, p.sum)
}

// sum digests the rows of a range.
func (p *pair) sum(ctx context.Context, which shadow.Side, r shadow.Range) (shadow.Sum, error) {
	s := p.sideOf(which)
	from, err := p.rangeOf(s, which, r)
	if err != nil {
		return shadow.Sum{}, err
	}
	q := fmt.Sprintf("SELECT COUNT(*), COALESCE(%s, '') FROM %s", p.digest(s.row), from)
	var out shadow.Sum
	err = p.copy.QueryRowContext(ctx, q).Scan(&out.Rows, &out.Digest)
	return out, classify(err)
}

// rangeOf is the rows of a range behind FROM. Where the target's key has another
// order its rows are found by the source's keys; those that the source has not are
// Strangers.
func (p *pair) rangeOf(s side, which shadow.Side, r shadow.Range) (string, error) {
	if which == shadow.Source || p.sameOrder() {
		where, err := between(alike(s.key, p.key), r.Low, r.High)
		return s.from + " WHERE " + where, err
	}
	where, err := between(p.key, r.Low, r.High)
	if err != nil {
		return "", err
	}
	var keys, on []string
	for n, k := range p.key {
		keys = append(keys, fmt.Sprintf("%s AS _pm_s%d", quote(k.Name), n))
		on = append(on, fmt.Sprintf("%s.%s = %s", quoteTable(p.to.Ident), quote(p.keyTo[n].Name), p.keyInto(n, fmt.Sprintf("_pm_s%d", n))))
	}
	return fmt.Sprintf("(SELECT %s FROM %s WHERE %s) AS _pm_source STRAIGHT_JOIN %s ON %s", strings.Join(keys, ", "), p.source(), where, p.target(), strings.Join(on, " AND ")), nil
}

// keyInto converts a value of a key column of the source into one of the target's type,
// so that the target's index finds it.
func (p *pair) keyInto(n int, value string) string { return intoKey(value, p.key[n], p.keyTo[n]) }

func intoKey(value string, from, to plans.KeyPart) string {
	switch {
	case to.Charset != "" && from.Charset != "":
		return fmt.Sprintf("CONVERT(%s USING %s) COLLATE %s", value, to.Charset, to.Collation)
	case to.Charset != "":
		return fmt.Sprintf("CONVERT(CAST(%s AS CHAR) USING %s) COLLATE %s", value, to.Charset, to.Collation)
	case from.Type == to.Type:
		return value
	}
	return assigned(value, schema.Column{Type: to.Type, Class: to.Class})
}

// Strangers implements shadow.Comparer. Ranges of the same key on both sides leave
// none out.
func (p *pair) Strangers(ctx context.Context, most int) ([]string, error) {
	if p.sameOrder() {
		return nil, nil
	}
	var on []string
	for n, k := range p.key {
		on = append(on, fmt.Sprintf("_pm_source.%s = %s", quote(k.Name), intoKey(quoteTable(p.to.Ident)+"."+quote(p.keyTo[n].Name), p.keyTo[n], k)))
	}
	q := fmt.Sprintf("SELECT %s FROM %s WHERE NOT EXISTS (SELECT 1 FROM %s AS _pm_source WHERE %s) LIMIT %d", p.targetTexts(), quoteTable(p.to.Ident), quoteTable(p.from.Ident), strings.Join(on, " AND "), most)
	return keyList(ctx, p.copy, p.key, q)
}

// alike is a key under the names of one side with the types of the other, for
// literals of keys.
func alike(names, types []plans.KeyPart) []plans.KeyPart {
	out := make([]plans.KeyPart, len(names))
	for i := range names {
		out[i] = types[i]
		out[i].Name = names[i].Name
	}
	return out
}

// RowsIn implements shadow.Comparer.
func (p *pair) RowsIn(ctx context.Context, which shadow.Side, r shadow.Range) (map[string]string, error) {
	s := p.sideOf(which)
	from, err := p.rangeOf(s, which, r)
	if err != nil {
		return nil, err
	}
	return p.digests(ctx, p.copy, s, from)
}

func (p *pair) digests(ctx context.Context, q querier, s side, from string) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf("SELECT SHA2(%s, 256), %s FROM %s", s.row, s.texts, from))
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	parts := make([]string, len(s.key))
	var hash string
	to := []any{&hash}
	for i := range parts {
		to = append(to, &parts[i])
	}
	out := map[string]string{}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return nil, classify(err)
		}
		out[encodeKey(parts)] = hash
	}
	return out, classify(rows.Err())
}

// RowsOf implements shadow.Comparer.
func (p *pair) RowsOf(ctx context.Context, which shadow.Side, keys []string) (map[string]string, error) {
	s := p.sideOf(which)
	out := map[string]string{}
	for len(keys) > 0 {
		n := min(len(keys), keysAtOnce)
		where, err := p.keysCondition(s, keys[:n])
		if err != nil {
			return nil, err
		}
		got, err := p.digests(ctx, p.copy, s, s.from+" WHERE "+where)
		if err != nil {
			return nil, err
		}
		for k, d := range got {
			out[k] = d
		}
		keys = keys[n:]
	}
	return out, nil
}

func (p *pair) keysCondition(s side, keys []string) (string, error) {
	into := len(s.key) > 0 && s.key[0].Name == p.keyTo[0].Name && !p.sameOrder() && s.from == p.target()
	part := alike(s.key, p.key)
	var conds []string
	for _, k := range keys {
		lits, err := literals(part, k)
		if err != nil {
			return "", err
		}
		for n := range lits {
			if into {
				lits[n] = p.keyInto(n, lits[n])
			}
		}
		conds = append(conds, "("+equals(part, lits)+")")
	}
	return "(" + strings.Join(conds, " OR ") + ")", nil
}

// Hold implements shadow.Comparer.
func (p *pair) Hold(ctx context.Context, keys []string, f func(context.Context) error) error {
	s := p.sideOf(shadow.Source)
	where, err := p.keysCondition(s, keys)
	if err != nil {
		return err
	}
	tx, err := p.copy.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.QueryContext(ctx, fmt.Sprintf("SELECT 1 FROM %s WHERE %s LOCK IN SHARE MODE", s.from, where))
	if err != nil {
		return classify(err)
	}
	for rows.Next() { // read to its end, so that every row is locked
	}
	if err := rows.Close(); err != nil {
		return classify(err)
	}
	return f(ctx)
}

// Repair implements shadow.Comparer. The rows go the way of changes that can't be written
// as they are, only that they come from the table and not from the log.
func (p *pair) Repair(ctx context.Context, keys []string) error {
	s := p.borrow()
	defer p.giveBack(s)
	if err := s.open(ctx); err != nil {
		return err
	}
	err := s.repair(ctx, keys)
	if err == nil {
		return nil
	}
	err = p.duplicateOf(err)
	id := s.id
	if rerr := s.rollback(ctx); rerr == nil {
		return err
	}
	s.close()
	if werr := p.s.awaitEnd(ctx, id); werr != nil {
		return werr
	}
	return err
}

// repair is one transaction.
func (s *session) repair(ctx context.Context, keys []string) error {
	if err := s.checkLease(ctx); err != nil {
		return err
	}
	if err := s.stageEmpty(ctx); err != nil {
		return err
	}
	list, err := s.p.repairStatements(keys)
	if err != nil {
		return err
	}
	for _, q := range append(list, s.p.mergeStatements()...) {
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	return s.exec(ctx, "COMMIT")
}

// repairStatements fill the temporary tables with keys and what the source has of them. A
// row goes on with what the target alone has of its key.
func (p *pair) repairStatements(keys []string) ([]string, error) {
	where, err := p.keysCondition(p.sideOf(shadow.Source), keys)
	if err != nil {
		return nil, err
	}
	var all, columns, heirs []string
	for _, k := range keys {
		lits, err := literals(p.key, k)
		if err != nil {
			return nil, err
		}
		all = append(all, "SELECT "+strings.Join(lits, ", "))
	}
	for _, c := range p.columns {
		columns = append(columns, quote(c.From))
	}
	for _, k := range p.key {
		heirs = append(heirs, quote(k.Name), quote(k.Name))
	}
	from := " FROM " + p.source() + " WHERE " + where
	out := []string{
		"INSERT INTO " + stageName(stageKeys) + " " + strings.Join(all, " UNION ALL "),
		"INSERT INTO " + stageName(stageRows) + " SELECT " + strings.Join(columns, ", ") + from,
	}
	if p.Keeps() {
		out = append(out, "INSERT INTO "+stageName(stageFrom)+" SELECT "+strings.Join(heirs, ", ")+from)
	}
	return out, nil
}

// Readable implements shadow.Comparer.
func (p *pair) Readable(key string) string { return readable(p.key, key) }
