// Package throwaway starts a real database server in a private directory and takes it away again.
//
// `phasemig demo` and the tests run on such servers. A server listens on a free port of 127.0.0.1 and on a
// socket in its directory, has no password, and keeps nothing: Stop removes its directory. Durability, isolation
// and the SQL mode are what the server's authors chose; only what a migration needs is switched on (row
// binlog with GTIDs, wal_level=logical), and memory is kept small unless Options.Tuned asks for more.
//
// A server that was started here
//
//  1. does not outlive this process: it is in a process group of its own, which Stop and Kill signal, and on
//     Linux the kernel kills it when this process dies without having called Stop, and the next Start removes
//     its directory;
//  2. keeps its port, its server id and its data over Kill and Restart;
//  3. never touches a server the machine runs for somebody else.
//
// Start says where the programs come from. Attach makes a Server of one that somebody else runs, so that
// code written for a private server also works on a shared one; it is left running by Stop.
package throwaway

import (
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
)

// Kind names a server: its product and, for PostgreSQL, its major version.
type Kind string

// The kinds of server. Postgres is the newest PostgreSQL that is found.
const (
	MySQL      Kind = "mysql"
	MariaDB    Kind = "mariadb"
	Postgres15 Kind = "postgres15"
	Postgres18 Kind = "postgres18"
	Postgres   Kind = "postgres"
)

// Kinds lists the servers phasemig is tested on.
func Kinds() []Kind {
	return []Kind{MySQL, MariaDB, Postgres15, Postgres18}
}

// ParseKind reads the name of a kind.
func ParseKind(name string) (Kind, error) {
	k := Kind(strings.TrimSpace(name))
	if k == Postgres || slices.Contains(Kinds(), k) {
		return k, nil
	}
	return "", fmt.Errorf("unknown server %q: one of %v", name, Kinds())
}

// ParseKinds reads a comma-separated list of kinds, as in PHASEMIG_REQUIRE_DB. "all" stands for all of them, and so
// does an empty list; "docker", which is no server but may be required as well, is passed over, and so is "none".
func ParseKinds(list string) ([]Kind, error) {
	var kinds []Kind
	for name := range strings.SplitSeq(list, ",") {
		switch name = strings.TrimSpace(name); name {
		case "docker", "none":
		case "all", "1", "":
			kinds = append(kinds, Kinds()...)
		default:
			k, err := ParseKind(name)
			if err != nil {
				return nil, err
			}
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

// IsPostgres reports whether k speaks the PostgreSQL protocol; the other kinds speak MySQL's.
func (k Kind) IsPostgres() bool { return strings.HasPrefix(string(k), string(Postgres)) }

// Variable is the environment variable that may hold the DSN of a running server of kind k.
func (k Kind) Variable() string { return "PHASEMIG_TEST_" + strings.ToUpper(string(k)) + "_DSN" }

// major is the PostgreSQL major version k insists on, or "" if any will do.
func (k Kind) major() string { return strings.TrimPrefix(string(k), string(Postgres)) }

// Options say how to start a server. The zero value is a small server in the system's temporary directory.
type Options struct {
	Dir          string    // parent of the server's directory; default os.TempDir()
	Port         int       // default: a free one
	Settings     []string  // server settings as name=value; they win over the ones chosen here
	Tuned        bool      // as much memory and log as a benchmark needs: about 2 GB of each
	ReplicaOf    *Server   // follow this server, read-only; it must be of the same kind
	Log          io.Writer // what is being done, for a human; default: nowhere
	AllowInstall bool      // run the install script if the programs are missing (root, Debian or Ubuntu)

	serverID int // MySQL's and MariaDB's: it differs between servers that may come to replicate from each other, and outlives a restart
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = io.Discard
	}
	o.serverID = cmp.Or(o.serverID, 1+rand.IntN(1<<30))
	return o
}

// setting is one entry of Options.Settings, without the dashes of a command line.
func setting(s string) (name, value string) {
	name, value, _ = strings.Cut(strings.TrimLeft(s, "-"), "=")
	return strings.TrimSpace(name), strings.TrimSpace(value)
}
