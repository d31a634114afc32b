package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/stream"
)

// Places implements shadow.Table. A place is made of one piece a column: bytes whose
// order is the server's, with zeros escaped, ended by two zeros.
func (p *pair) Places(_ context.Context, keys []string) ([]shadow.Place, error) {
	out := make([]shadow.Place, len(keys))
	for i, k := range keys {
		var texts []string
		if err := json.Unmarshal([]byte(k), &texts); err != nil || len(texts) != len(p.key) {
			return nil, fmt.Errorf("%q is not a key of %d columns", k, len(p.key))
		}
		at, err := placeOf(p.key, texts)
		if err != nil {
			return nil, err
		}
		out[i] = at
	}
	return out, nil
}

// Locate implements shadow.Table.
func (p *pair) Locate(_ context.Context, rows []stream.Row) ([]shadow.Place, error) {
	out := make([]shadow.Place, len(rows))
	texts, at := make([]string, len(p.key)), p.keyPositions()
	for i, r := range rows {
		for n, k := range p.key {
			v := r[at[n]]
			text, ok := literalText(v.Text)
			if v.Form != stream.Literal || !ok {
				return nil, fmt.Errorf("a row in the log has no value of key column %s", k.Name)
			}
			texts[n] = text
		}
		place, err := placeOf(p.key, texts)
		if err != nil {
			return nil, err
		}
		out[i] = place
	}
	return out, nil
}

func placeOf(key []plans.KeyPart, texts []string) (shadow.Place, error) {
	var b []byte
	for n, k := range key {
		piece, err := pieceOf(k.Type, texts[n])
		if err != nil {
			return "", fmt.Errorf("order key column %s: %w", k.Name, err)
		}
		b = placePiece(b, piece)
	}
	return shadow.Place(b), nil
}

// placePiece adds a column's bytes: what ends them is less than whatever could go on.
func placePiece(b []byte, piece string) []byte {
	for i := range len(piece) {
		if b = append(b, piece[i]); piece[i] == 0 {
			b = append(b, 0xFF)
		}
	}
	return append(b, 0, 0)
}

// literalText reads a literal of the log.
func literalText(lit []byte) (string, bool) {
	escaped := bytes.HasPrefix(lit, []byte("E"))
	lit = bytes.TrimPrefix(lit, []byte("E"))
	if len(lit) < 2 || lit[0] != '\'' || lit[len(lit)-1] != '\'' {
		return "", false
	}
	text := strings.ReplaceAll(string(lit[1:len(lit)-1]), "''", "'")
	if escaped {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	return text, true
}
