package throwaway

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// welcome lets root in from anywhere, without a password, and so by way of a proxy or a container's network,
// too: the initialised server knows root at localhost only.
const welcome = "CREATE USER 'root'@'%';\nGRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;\n"

// mysqlProduct is MySQL and MariaDB.
type mysqlProduct struct{ kind Kind }

func (m mysqlProduct) account() (*account, error) { return nil, nil }
func (m mysqlProduct) shutdown() syscall.Signal   { return syscall.SIGTERM }
func (m mysqlProduct) discard() syscall.Signal    { return syscall.SIGKILL }
func (m mysqlProduct) dsn(addr string) string     { return "mysql://root@" + addr + "/" }

func (m mysqlProduct) ready(ctx context.Context, dsn string) error { return ping(ctx, dsn) }

func (m mysqlProduct) create(ctx context.Context, l *local) error {
	if m.kind == MariaDB {
		return m.initMariaDB(ctx, l)
	}
	template, err := m.template(ctx, l)
	if err != nil {
		return err
	}
	return l.tool(ctx, "cp", "-a", template, l.data())
}

// template is a data directory that was initialised once for this version of MySQL, as that takes seconds
// and a copy does not. The rename makes it appear whole, whoever else is making the same one.
func (m mysqlProduct) template(ctx context.Context, l *local) (string, error) {
	name := fmt.Sprintf("mysql-%s-%d", l.programs.version, os.Geteuid())
	path := filepath.Join(CacheDir(), "templates", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("create the folder of prepared data: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(path), "."+name+"-")
	if err != nil {
		return "", fmt.Errorf("create prepared data: %w", err)
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(l.options.Log, "initialising MySQL %s, once\n", l.programs.version)
	if err := m.initMySQL(ctx, l, filepath.Join(work, "data")); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(work, "data"), path); err != nil && !isDir(path) {
		return "", fmt.Errorf("keep prepared data: %w", err)
	}
	return path, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// initMySQL makes the redo log as small as it may be, for copying; it grows to its normal size when the server
// starts. auto.cnf holds the server's UUID, which every copy must make for itself.
func (m mysqlProduct) initMySQL(ctx context.Context, l *local, data string) error {
	welcomeFile, err := l.write("welcome.sql", welcome)
	if err != nil {
		return err
	}
	args := append(m.base(l), "--initialize-insecure", "--datadir="+data, "--innodb-redo-log-capacity=8M", "--init-file="+welcomeFile)
	if err := l.tool(ctx, l.programs.server, args...); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(data, "auto.cnf")); err != nil {
		return fmt.Errorf("drop the server's UUID: %w", err)
	}
	return nil
}

func (m mysqlProduct) initMariaDB(ctx context.Context, l *local) error {
	install, err := l.programs.tool("mariadb-install-db", "mysql_install_db")
	if err != nil {
		return err
	}
	welcomeFile, err := l.write("welcome.sql", "FLUSH PRIVILEGES;\n"+welcome) // bootstrap has not loaded them
	if err != nil {
		return err
	}
	args := []string{"--no-defaults", "--datadir=" + l.data(), "--auth-root-authentication-method=normal",
		"--skip-test-db", "--extra-file=" + welcomeFile}
	if l.programs.root != "" {
		args = append(args, "--basedir="+l.programs.root+"/usr")
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	return l.tool(ctx, install, args...)
}

// base are the arguments every call of the server's program has.
func (m mysqlProduct) base(l *local) []string {
	args := []string{"--no-defaults"}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	if root := l.programs.root; root != "" {
		args = append(args, "--basedir="+root+"/usr", "--lc-messages-dir="+root+"/usr/share/mysql")
	}
	return args
}

// command does not resolve the names of clients: an account for % matches, whatever a resolver would say. Temporary
// tables are kept apart: a MariaDB that starts deletes those of every other one that shares its directory.
func (m mysqlProduct) command(l *local) ([]string, error) {
	args := append([]string{l.programs.server}, m.base(l)...)
	args = append(args,
		"--datadir="+l.data(), "--socket="+l.socket(), "--pid-file="+filepath.Join(l.dir, "pid"), "--tmpdir="+l.dir,
		"--bind-address=127.0.0.1", "--port="+strconv.Itoa(l.port), "--skip-name-resolve", "--secure-file-priv=",
	)
	for _, s := range m.settings(l.options) {
		args = append(args, "--"+s)
	}
	return args, nil
}

// settings switch on what a migration needs. The last of two equal ones wins.
func (m mysqlProduct) settings(o Options) []string {
	s := []string{
		"server-id=" + strconv.Itoa(o.serverID), "log-bin=binlog", "binlog-format=ROW",
		"event-scheduler=ON", "performance-schema=ON", "innodb-buffer-pool-size=256M",
	}
	if m.kind == MySQL {
		s = append(s, "gtid-mode=ON", "enforce-gtid-consistency=ON", "mysqlx=OFF")
	} else {
		s = append(s, "gtid-strict-mode=ON", "log-slave-updates=ON")
	}
	if o.Tuned {
		s = append(s, "innodb-buffer-pool-size=2G", m.redo("2G"))
	}
	if o.ReplicaOf != nil {
		s = append(s, "read-only=ON", "relay-log=relay")
	}
	for _, extra := range o.Settings {
		s = append(s, strings.TrimLeft(extra, "-")) // may be a mere name: skip-log-bin
	}
	return s
}

func (m mysqlProduct) redo(size string) string {
	if m.kind == MySQL {
		return "innodb-redo-log-capacity=" + size
	}
	return "innodb-log-file-size=" + size
}

// release ends the replication streams. MySQL waits 8 seconds for each to end by itself, although a follower
// never does. A server that does not answer is simply told to stop.
func (m mysqlProduct) release(ctx context.Context, dsn string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = killSessions(ctx, dsn, func(p session) bool { return strings.HasPrefix(p.command, "Binlog Dump") })
}

// follow connects a replica by GTID. The account is created on the source, and so reaches the replica as well.
func (m mysqlProduct) follow(ctx context.Context, replica, source *Server) error {
	host, port, err := net.SplitHostPort(source.Addr())
	if err != nil {
		return fmt.Errorf("read the source's address: %w", err)
	}
	account := "CREATE USER IF NOT EXISTS 'phasemig_replica'@'%'"
	grant := "GRANT REPLICATION SLAVE ON *.* TO 'phasemig_replica'@'%'"
	if err := execute(ctx, source.DSN(""), account, grant); err != nil {
		return fmt.Errorf("create the replication account: %w", err)
	}
	change := fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='%s', SOURCE_PORT=%s, SOURCE_USER='phasemig_replica', "+
		"SOURCE_PASSWORD='', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", host, port)
	start := "START REPLICA"
	if m.kind == MariaDB {
		change = fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%s, MASTER_USER='phasemig_replica', "+
			"MASTER_PASSWORD='', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", host, port)
		start = "START SLAVE"
	}
	return execute(ctx, replica.DSN(""), change, start)
}
