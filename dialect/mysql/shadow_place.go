package mysql

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/stream"
)

// A place is made of one piece a column: bytes whose order is the server's, with
// zeros escaped, ended by two zeros; turned around where the index descends.

// Places implements shadow.Table.
func (p *pair) Places(ctx context.Context, keys []string) ([]shadow.Place, error) {
	all := make([][]string, len(keys))
	for i, k := range keys {
		texts, err := decodeKey(p.key, k)
		if err != nil {
			return nil, err
		}
		all[i] = texts
	}
	return p.placesOf(ctx, all)
}

// Locate implements shadow.Table.
func (p *pair) Locate(ctx context.Context, rows []stream.Row) ([]shadow.Place, error) {
	at := p.keyColumns()
	all := make([][]string, len(rows))
	for i, r := range rows {
		texts := make([]string, len(at))
		for n, c := range at {
			text, err := keyTextOf(p.key[n], r[c])
			if err != nil {
				return nil, err
			}
			texts[n] = text
		}
		all[i] = texts
	}
	return p.placesOf(ctx, all)
}

func (p *pair) keyColumns() []int {
	var out []int
	for _, k := range p.key {
		for i, c := range p.from.Columns {
			if c.Name == k.Name {
				out = append(out, i)
			}
		}
	}
	return out
}

// keyTextOf turns a literal of the log into the text that key.go has for the value.
func keyTextOf(k plans.KeyPart, v stream.Value) (string, error) {
	switch keyForm(k) {
	case asText, asBytes:
		b, err := literalBytes(v.Text)
		if err != nil {
			return "", fmt.Errorf("read key column %s: %w", k.Name, err)
		}
		return strings.ToUpper(hex.EncodeToString(b)), nil
	case asInstant:
		return instantText(string(v.Text))
	case asOrdinal:
		return ordinalText(string(v.Text))
	}
	return strings.Trim(string(v.Text), "'"), nil
}

// instantText makes seconds since 1970 of the log's writing of a TIMESTAMP in UTC.
func instantText(lit string) (string, error) {
	s := strings.Trim(lit, "'")
	if strings.HasPrefix(s, "0000-00-00") {
		return "0", nil
	}
	t, err := time.Parse("2006-01-02 15:04:05.999999", s)
	if err != nil {
		return "", fmt.Errorf("read the key %s: %w", lit, err)
	}
	out := strconv.FormatInt(t.Unix(), 10)
	if _, frac, ok := strings.Cut(s, "."); ok {
		out += "." + frac
	}
	return out, nil
}

func ordinalText(lit string) (string, error) {
	if rest, ok := strings.CutPrefix(lit, "x'"); ok {
		n, ok := new(big.Int).SetString(strings.TrimSuffix(rest, "'"), 16)
		if !ok {
			return "", fmt.Errorf("read the key %s", lit)
		}
		return n.String(), nil
	}
	if rest, ok := strings.CutPrefix(lit, "b'"); ok {
		n, ok := new(big.Int).SetString(strings.TrimSuffix(rest, "'"), 2)
		if !ok {
			return "", fmt.Errorf("read the key %s", lit)
		}
		return n.String(), nil
	}
	return lit, nil
}

// literalBytes reads the bytes of a text or binary literal.
func literalBytes(lit []byte) ([]byte, error) {
	if i := bytes.IndexByte(lit, '\''); i > 0 && (lit[i-1] == 'x' || lit[i-1] == 'X') {
		return hex.DecodeString(string(bytes.Trim(lit[i:], "'")))
	}
	if len(lit) >= 2 && lit[0] == '\'' {
		return []byte(unquote(string(lit))), nil
	}
	return nil, fmt.Errorf("%q is no literal of a text", shorten(string(lit)))
}

func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func (p *pair) placesOf(ctx context.Context, keys [][]string) ([]shadow.Place, error) {
	pieces := make([][]string, len(keys))
	for i := range pieces {
		pieces[i] = make([]string, len(p.key))
	}
	for n, k := range p.key {
		texts := make([]string, len(keys))
		for i := range keys {
			texts[i] = keys[i][n]
		}
		got, err := p.pieces(ctx, k, texts)
		if err != nil {
			return nil, fmt.Errorf("order key column %s: %w", k.Name, err)
		}
		for i := range got {
			pieces[i][n] = got[i]
		}
	}
	out := make([]shadow.Place, len(keys))
	for i := range pieces {
		var b []byte
		for n, k := range p.key {
			b = appendPiece(b, pieces[i][n], k.Descending)
		}
		out[i] = shadow.Place(b)
	}
	return out, nil
}

// appendPiece escapes zeros, so that the end of a piece is before everything that
// goes on.
func appendPiece(b []byte, piece string, down bool) []byte {
	from := len(b)
	for i := 0; i < len(piece); i++ {
		if b = append(b, piece[i]); piece[i] == 0 {
			b = append(b, 0xFF)
		}
	}
	b = append(b, 0, 0)
	if down {
		for i := from; i < len(b); i++ {
			b[i] = ^b[i]
		}
	}
	return b
}

// pieces orders the values of one column. Text is ordered by the server, which alone
// knows its collations.
func (p *pair) pieces(ctx context.Context, k plans.KeyPart, texts []string) ([]string, error) {
	if keyForm(k) == asText && !plainOrder(k) {
		return p.weights(ctx, k, texts)
	}
	out := make([]string, len(texts))
	for i, t := range texts {
		piece, err := piece(k, t)
		if err != nil {
			return nil, err
		}
		out[i] = piece
	}
	return out, nil
}

// plainOrder: the order is that of the bytes.
func plainOrder(k plans.KeyPart) bool {
	return slices.Contains([]string{"binary", "utf8mb4_0900_bin"}, k.Collation)
}

func piece(k plans.KeyPart, text string) (string, error) {
	switch keyForm(k) {
	case asNumber, asInstant, asOrdinal:
		return numberPiece(text)
	case asText, asBytes:
		b, err := hex.DecodeString(text)
		return string(b), err
	case asClock:
		return clockPiece(k, text)
	}
	return strings.ToLower(text), nil
}

// numberPiece writes a number with a fixed point so that its bytes have its order:
// offset binary with 72 digits before and 30 behind the point are enough for every type.
func numberPiece(text string) (string, error) {
	if !strings.Contains(text, ".") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return smallPiece(n), nil
		}
	}
	whole, frac, _ := strings.Cut(text, ".")
	frac = strings.TrimRight(frac, "0")
	if frac == "" && whole != "" {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil && (n != 0 || !strings.HasPrefix(whole, "-")) {
			return smallPiece(n), nil
		}
	}
	return widePiece(whole, frac)
}

// smallPiece and widePiece agree in order: both begin with the whole part in 32 bytes
// of offset binary.
func smallPiece(n int64) string {
	var b [32]byte
	if n < 0 {
		for i := range b {
			b[i] = 0xFF
		}
	}
	binary.BigEndian.PutUint64(b[24:], uint64(n))
	b[0] ^= 0x80
	return string(b[:])
}

func widePiece(whole, frac string) (string, error) {
	n, ok := new(big.Int).SetString(whole, 10)
	if !ok {
		return "", fmt.Errorf("%q is no number", whole)
	}
	negative := strings.HasPrefix(whole, "-")
	rest := []byte(frac)
	if negative && frac != "" {
		// −1.25 lies above −2: floor and what is left to it.
		n.Sub(n, big.NewInt(1))
		rest = complementDigits(frac)
	}
	offset := new(big.Int).Lsh(big.NewInt(1), 255)
	raw := n.Add(n, offset).Bytes()
	if len(raw) > 32 {
		return "", fmt.Errorf("number %s has too many digits", whole)
	}
	b := make([]byte, 32, 32+len(rest))
	copy(b[32-len(raw):], raw)
	return string(append(b, rest...)), nil
}

// complementDigits is 1 − 0.frac, without trailing zeros.
func complementDigits(frac string) []byte {
	n, _ := new(big.Int).SetString("1"+strings.Repeat("0", len(frac)), 10)
	f, _ := new(big.Int).SetString(frac, 10)
	s := n.Sub(n, f).String()
	s = strings.Repeat("0", len(frac)-len(s)) + s
	return []byte(strings.TrimRight(s, "0"))
}

// clockPiece: dates are ordered as texts; times have a sign and hours of one to three digits.
func clockPiece(k plans.KeyPart, text string) (string, error) {
	name, _, _ := strings.Cut(strings.ToLower(k.Type), "(")
	if name != "time" {
		return strings.TrimRight(strings.TrimRight(fractional(text), "0"), "."), nil
	}
	negative := strings.HasPrefix(text, "-")
	hms, frac, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	parts := strings.Split(hms, ":")
	if len(parts) != 3 {
		return "", fmt.Errorf("%q is no time", text)
	}
	var seconds int64
	for _, p := range parts {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return "", fmt.Errorf("%q is no time", text)
		}
		seconds = seconds*60 + n
	}
	micro, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	total := seconds*1_000_000 + micro
	if negative {
		total = -total
	}
	return smallPiece(total), nil
}

// fractional leaves texts without a fraction alone: their zeros mean something.
func fractional(text string) string {
	if strings.Contains(text, ".") {
		return text
	}
	return text + "."
}

// weightsAtOnce bounds a statement that asks for weights.
const weightsAtOnce = 200

// weights asks the server for the sort weights of texts. Where the collation pads,
// texts are padded to the column's length first: the server compares them so.
func (p *pair) weights(ctx context.Context, k plans.KeyPart, texts []string) ([]string, error) {
	out := make([]string, 0, len(texts))
	for len(texts) > 0 {
		n := min(len(texts), weightsAtOnce)
		got, err := p.askWeights(ctx, k, texts[:n])
		if err != nil {
			return nil, err
		}
		out, texts = append(out, got...), texts[n:]
	}
	return out, nil
}

func (p *pair) askWeights(ctx context.Context, k plans.KeyPart, texts []string) ([]string, error) {
	as := ""
	if !noPad(k.Collation) {
		as = fmt.Sprintf(" AS CHAR(%d)", characters(k.Type))
	}
	var parts []string
	for i, t := range texts {
		lit, err := asText.literal(k, t)
		if err != nil {
			return nil, err
		}
		parts = append(parts, fmt.Sprintf("SELECT %d AS n, HEX(WEIGHT_STRING(%s%s)) AS w", i, lit, as))
	}
	rows, err := p.copy.QueryContext(ctx, strings.Join(parts, " UNION ALL "))
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	out := make([]string, len(texts))
	for rows.Next() {
		var n int
		var w string
		if err := rows.Scan(&n, &w); err != nil {
			return nil, classify(err)
		}
		b, err := hex.DecodeString(w)
		if err != nil {
			return nil, err
		}
		out[n] = string(b)
	}
	return out, classify(rows.Err())
}

func noPad(collation string) bool {
	return strings.Contains(collation, "_0900_") || strings.Contains(collation, "_nopad_") || strings.HasSuffix(collation, "_nopad")
}

// characters is the declared length of a text column, bounded for types that have none.
func characters(typ string) int {
	_, rest, ok := strings.Cut(typ, "(")
	if !ok {
		return 1000
	}
	n, _, _ := strings.Cut(rest, ")")
	v, err := strconv.Atoi(n)
	if err != nil {
		return 1000
	}
	return v
}
