package throwaway

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// programs are the executables of one server.
type programs struct {
	kind    Kind
	server  string // path of mysqld, mariadbd or postgres
	root    string // the folder it was unpacked into; empty if it belongs to the system
	version string // 9.7.4
}

// banner finds the version in what --version prints. A path printed before it may hold digits, too.
var banner = regexp.MustCompile(`(?:Ver|\(PostgreSQL\)|PgBouncer|prometheus, version) (\d+[.\d]*)`)

// find looks for the programs of k: on the PATH, where packages put them, then in the caches.
func find(ctx context.Context, k Kind) (programs, error) {
	var best programs
	for _, path := range candidates(k) {
		p, err := inspect(ctx, k, path)
		if err != nil {
			continue
		}
		if k != Postgres {
			return p, nil
		}
		if best.server == "" || newer(p.version, best.version) {
			best = p
		}
	}
	if best.server == "" {
		return best, fmt.Errorf("find %s: no program on the PATH, in /usr or in %s", k, CacheDir())
	}
	return best, nil
}

// candidates lists the paths at which the server of k may be.
func candidates(k Kind) []string {
	switch {
	case k == MySQL:
		return append(onPath("mysqld", "/usr/sbin", "/usr/local/mysql/bin"), unpacked("mysql/usr/sbin/mysqld")...)
	case k == MariaDB:
		paths := append(onPath("mariadbd", "/usr/sbin"), onPath("mysqld", "/usr/sbin")...)
		return append(paths, unpacked("mariadb/usr/sbin/mariadbd")...)
	case k == pgBouncer:
		return append(onPath("pgbouncer", "/usr/sbin"), unpacked("pgbouncer/usr/sbin/pgbouncer")...)
	case k == prometheus:
		return append(onPath("prometheus", "/usr/bin"), unpacked("prometheus/usr/bin/prometheus")...)
	default:
		version := k.major()
		if version == "" {
			version = "*"
		}
		system := "/usr/lib/postgresql/" + version + "/bin"
		return append(onPath("postgres", system), unpacked("postgres"+version+"/usr/lib/postgresql/"+version+"/bin/postgres")...)
	}
}

// onPath lists where name is: on the PATH, then in dirs, which may be patterns.
func onPath(name string, dirs ...string) []string {
	var paths []string
	if path, err := exec.LookPath(name); err == nil {
		paths = append(paths, path)
	}
	for _, dir := range dirs {
		found, _ := filepath.Glob(filepath.Join(dir, name))
		paths = append(paths, found...)
	}
	return paths
}

func unpacked(pattern string) []string {
	var paths []string
	for _, cache := range caches() {
		found, _ := filepath.Glob(filepath.Join(cache, pattern))
		paths = append(paths, found...)
	}
	return paths
}

// inspect asks the program at path what it is, and refuses one that is not of kind k: mysqld may be MariaDB's.
func inspect(ctx context.Context, k Kind, path string) (programs, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	match := banner.FindSubmatch(out)
	if match == nil {
		return programs{}, fmt.Errorf("read the version of %s in %q", path, out)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // its libraries and its tools lie beside the real one
	}
	p := programs{kind: k, server: path, version: string(match[1])}
	if !fits(k, p.version, string(out)) {
		return programs{}, fmt.Errorf("%s is not %s: %s", path, k, out)
	}
	for _, cache := range caches() {
		if rest, ok := strings.CutPrefix(path, cache+"/"); ok {
			folder, _, _ := strings.Cut(rest, "/")
			p.root = filepath.Join(cache, folder)
		}
	}
	return p, nil
}

func fits(k Kind, version, text string) bool {
	switch {
	case k == MySQL:
		return !strings.Contains(text, "MariaDB") && !newer("8.0", version)
	case k == MariaDB:
		return strings.Contains(text, "MariaDB")
	case k == pgBouncer:
		return strings.Contains(text, "PgBouncer")
	case k == prometheus:
		return strings.Contains(text, "prometheus, version")
	default:
		return k.major() == "" || version == k.major() || strings.HasPrefix(version, k.major()+".")
	}
}

// newer reports whether version a is above b.
func newer(a, b string) bool {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		if m != n {
			return m > n
		}
	}
	return false
}

// tool is a program that comes with the server: beside it, or in the bin folder next to its sbin.
func (p programs) tool(names ...string) (string, error) {
	dir := filepath.Dir(p.server)
	for _, name := range names {
		for _, path := range []string{filepath.Join(dir, name), filepath.Join(dir, "../bin", name), filepath.Join(dir, "../scripts", name)} {
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return filepath.Clean(path), nil
			}
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find %s for %s", strings.Join(names, " or "), p.server)
}
