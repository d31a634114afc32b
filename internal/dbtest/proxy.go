package dbtest

import (
	"testing"

	"github.com/phasemig/phasemig/internal/faultnet"
)

// NewProxy starts a proxy in front of addr, for the rest of the test.
func NewProxy(t testing.TB, addr string) *faultnet.Proxy {
	t.Helper()
	p, err := faultnet.Start(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
