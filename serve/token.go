package serve

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Scope is a right of a token.
type Scope string

// The scopes. Admin holds all others, and the right to give up rows.
const (
	ScopeLint    Scope = "lint"
	ScopeRead    Scope = "read"
	ScopeRun     Scope = "run"
	ScopeApprove Scope = "approve"
	ScopeAdmin   Scope = "admin"
)

// Scopes lists them.
func Scopes() []Scope { return []Scope{ScopeLint, ScopeRead, ScopeRun, ScopeApprove, ScopeAdmin} }

// Token is who may ask for what. Only the hash of its secret is known.
type Token struct {
	Name   string  `yaml:"name"` // stored as the person: of runs, of approvals
	Hash   string  `yaml:"hash"` // as NewSecret gives it
	Scopes []Scope `yaml:"scopes"`
	// Environments limits the token to some. Empty: all.
	Environments []string `yaml:"environments"`
}

const (
	secretPrefix = "pm_" // lets scanners for leaked secrets find it
	hashPrefix   = "sha256:"
)

// NewSecret makes the secret of a token, and its hash for the configuration. The secret is 256 random bits: nobody can search
// that space, so one round of SHA-256 is as good as a slow password hash here, and costs a request nothing.
func NewSecret() (secret, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails on supported systems
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(b)
	return secret, hashPrefix + hex.EncodeToString(digest(secret))
}

func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func (t Token) allows(s Scope, environment string) bool {
	return (slices.Contains(t.Scopes, s) || slices.Contains(t.Scopes, ScopeAdmin)) && t.reaches(environment)
}

// reaches reports whether the token holds for an environment; "" is none in particular.
func (t Token) reaches(environment string) bool {
	return environment == "" || len(t.Environments) == 0 || slices.Contains(t.Environments, environment)
}

func (t Token) validate() error {
	sum, err := hex.DecodeString(strings.TrimPrefix(t.Hash, hashPrefix))
	switch {
	case t.Name == "" || strings.ContainsAny(t.Name, "/\n"):
		return errors.New("name is needed, without a slash")
	case !strings.HasPrefix(t.Hash, hashPrefix) || err != nil || len(sum) != sha256.Size:
		return errors.New("hash is not one that `phasemig token` printed")
	case len(t.Scopes) == 0:
		return fmt.Errorf("scopes is empty; it takes %v", Scopes())
	}
	for _, s := range t.Scopes {
		if !slices.Contains(Scopes(), s) {
			return fmt.Errorf("there is no scope %q; it takes %v", s, Scopes())
		}
	}
	return nil
}

// tokens are those that the server knows.
type tokens []struct {
	Token
	sum []byte
}

func newTokens(list []Token) (tokens, error) {
	var out tokens
	var errs []error
	names := map[string]bool{}
	for i, t := range list {
		if err := t.validate(); err != nil {
			errs = append(errs, fmt.Errorf("tokens[%d]: %w", i, err))
			continue
		}
		if names[t.Name] {
			errs = append(errs, fmt.Errorf("tokens[%d]: there are two named %q, and they would be one person", i, t.Name))
		}
		names[t.Name] = true
		sum, _ := hex.DecodeString(strings.TrimPrefix(t.Hash, hashPrefix))
		out = append(out, struct {
			Token
			sum []byte
		}{t, sum})
	}
	return out, errors.Join(errs...)
}

// find compares with every token, and each comparison takes the same time whatever is equal.
func (t tokens) find(secret string) (Token, bool) {
	sum, at := digest(secret), -1
	for i := range t {
		if subtle.ConstantTimeCompare(sum, t[i].sum) == 1 {
			at = i
		}
	}
	if at < 0 || secret == "" {
		return Token{}, false
	}
	return t[at].Token, true
}
