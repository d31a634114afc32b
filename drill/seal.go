package drill

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrSeal: a result isn't what was sealed, or not by whom it should have been.
var ErrSeal = errors.New("the drill's result was changed after it was written")

// Kinds of seals.
const (
	plainSeal = "sha256:"
	keyedSeal = "hmac-sha256:"
)

// Close seals the result. With a key only who knows it can make the same seal.
func (r *Result) Close(key []byte) error {
	seal, err := r.seal(key)
	r.Seal = seal
	return err
}

func (r *Result) seal(key []byte) (string, error) {
	q := *r
	q.Seal = ""
	b, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("seal the drill's result: %w", err)
	}
	if len(key) == 0 {
		sum := sha256.Sum256(b)
		return plainSeal + hex.EncodeToString(sum[:]), nil
	}
	m := hmac.New(sha256.New, key)
	m.Write(b)
	return keyedSeal + hex.EncodeToString(m.Sum(nil)), nil
}

// Encode writes the file.
func (r *Result) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the drill's result: %w", err)
	}
	return append(b, '\n'), nil
}

// Decode reads a file and checks its seal. A file that was sealed with a key can't be read without it, nor one that wasn't with one.
func Decode(b []byte, key []byte) (*Result, error) {
	var r Result
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("read the drill's result: %w", err)
	}
	if r.Format != Format {
		return nil, fmt.Errorf("the drill's result has format %d; this phasemig reads format %d", r.Format, Format)
	}
	if keyed := strings.HasPrefix(r.Seal, keyedSeal); keyed != (len(key) > 0) {
		if keyed {
			return nil, errors.New("the drill's result was sealed with a key, and none is configured")
		}
		return nil, fmt.Errorf("%w, or it was sealed without the key that is configured", ErrSeal)
	}
	want, err := r.seal(key)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(want), []byte(r.Seal)) {
		return nil, fmt.Errorf("%w: its seal is not that of what it says", ErrSeal)
	}
	return &r, nil
}
