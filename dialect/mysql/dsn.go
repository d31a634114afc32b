package mysql

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/phasemig/phasemig/plans"
)

// target is a parsed target URL.
type target struct {
	config  *gomysql.Config
	definer string // account of our triggers; empty: who is connected
	shown   string // without the password
}

// parseDSN reads mysql://user:password@host:port/database. Parameters: socket=PATH,
// tls=true|skip-verify|preferred|false, timeout=10s, definer=user@host.
func parseDSN(dsn string) (target, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return target{}, badDSN("it is not a URL") // the parser's words would repeat the password
	}
	if u.Scheme != "mysql" && u.Scheme != "mariadb" {
		return target{}, badDSN(fmt.Sprintf("scheme %q is not mysql", u.Scheme))
	}
	c := gomysql.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Net, c.Addr = "tcp", net.JoinHostPort(cmp.Or(u.Hostname(), "127.0.0.1"), cmp.Or(u.Port(), "3306"))
	c.DBName = strings.TrimPrefix(u.Path, "/")
	c.Timeout = 10 * time.Second
	if c.DBName == "" {
		return target{}, badDSN("it names no database")
	}
	if c.User == "" {
		return target{}, badDSN("it names no user")
	}
	t := target{config: c, shown: u.Redacted()}
	return t, t.parameters(u.Query())
}

func badDSN(reason string) error {
	return &plans.InputError{What: "target", Reason: reason, Hint: "mysql://user@host:3306/database"}
}

func (t *target) parameters(q url.Values) error {
	for name := range q {
		v := q.Get(name)
		switch name {
		case "socket":
			t.config.Net, t.config.Addr = "unix", v
		case "tls":
			t.config.TLSConfig = v
		case "timeout":
			d, err := time.ParseDuration(v)
			if err != nil {
				return badDSN(fmt.Sprintf("timeout %q is not a duration", v))
			}
			t.config.Timeout = d
		case "definer":
			t.definer = v
		default:
			return badDSN(fmt.Sprintf("parameter %q is not known; known: socket, tls, timeout, definer", name))
		}
	}
	return nil
}
