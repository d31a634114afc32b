package throwaway

import (
	"slices"
	"testing"
)

func TestBannerAndFits(t *testing.T) {
	const (
		mysql   = "/opt/mysql-8.0.11/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))"
		mariadb = "/usr/sbin/mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"
		old     = "mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))"
		fifteen = "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
		beta    = "postgres (PostgreSQL) 18beta1"
		metrics = "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+deb12u1)"
	)
	for _, c := range []struct {
		text, version string
		kinds         []Kind
	}{
		{mysql, "9.7.4", []Kind{MySQL}},
		{mariadb, "10.11.19", []Kind{MariaDB}},
		{old, "5.7.44", nil},
		{fifteen, "15.20", []Kind{Postgres15, Postgres}},
		{beta, "18", []Kind{Postgres18, Postgres}},
		{metrics, "2.42.0", nil},
	} {
		if fits(prometheus, c.version, c.text) != (c.text == metrics) {
			t.Errorf("%s is Prometheus: %v", c.text, c.text != metrics)
		}
		match := banner.FindStringSubmatch(c.text)
		if match == nil || match[1] != c.version {
			t.Errorf("%s: found %v", c.text, match)
			continue
		}
		for _, k := range append(Kinds(), Postgres) {
			isPostgres := c.text[:8] == "postgres"
			if got := k.IsPostgres() == isPostgres && fits(k, c.version, c.text); got != slices.Contains(c.kinds, k) {
				t.Errorf("%s is %s: %v", c.text, k, got)
			}
		}
	}
}

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"18.6", "15.20", true}, {"9.7", "10.1", false}, {"8.0", "8.0.1", false}, {"8.0.1", "8.0", true}, {"8", "8.0", false},
	} {
		if got := newer(c.a, c.b); got != c.want {
			t.Errorf("newer(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

func TestParseKinds(t *testing.T) {
	for list, want := range map[string][]Kind{
		"": Kinds(), "all": Kinds(), "1": Kinds(), "all,docker": Kinds(), "docker": nil,
		"mysql, postgres18": {MySQL, Postgres18},
	} {
		if got, err := ParseKinds(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
	if _, err := ParseKinds("mysql,oracle"); err == nil {
		t.Error("oracle passed")
	}
}
