package faultnet_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"strconv"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestRewriteMySQLThreadID reads the greeting from the wire, as the driver does not show the thread id.
func TestRewriteMySQLThreadID(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			s := dbtest.Server(t, k)
			proxy := dbtest.NewProxy(t, s.Addr())
			proxy.RewriteMySQLThreadID(true)
			told := greeting(t, proxy.Addr())
			rows := dbtest.Query(t, proxy.DSN(s.DSN("")), "SELECT CONNECTION_ID()")
			real, err := strconv.Atoi(rows[0][0])
			if err != nil || told < 1<<24 || real >= 1<<24 {
				t.Errorf("the client was told %d, the server's thread is %s", told, rows[0][0])
			}
		})
	}
}

// greeting is the thread id in a server's first packet.
func greeting(t *testing.T, addr string) uint32 {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet := make([]byte, 512)
	n, err := conn.Read(packet)
	if err != nil || n < 16 {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	zero := 5 + bytes.IndexByte(packet[5:], 0)
	return binary.LittleEndian.Uint32(packet[zero+1:])
}
