package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// Rights by what they can be given on. A right of a table can be given on a database and on the whole server, too.
var (
	tableRights    = []string{"all", "allprivileges", "usage", "select", "insert", "update", "delete", "create", "drop", "references", "index", "alter", "createview", "showview", "trigger", "grantoption", "deletehistory", "deleteversioningrows"}
	databaseRights = []string{"createroutine", "alterroutine", "execute", "event", "locktables", "createtemporarytables"}
	routineRights  = []string{"all", "allprivileges", "usage", "execute", "alterroutine", "grantoption", "showcreateroutine"}
	serverRights   = []string{"super", "reload", "file", "process", "shutdown", "showdatabases", "replicationclient", "replicationslave", "createuser", "createtablespace", "createrole", "droprole"}
	columnRights   = []string{"select", "insert", "update", "references"}
)

// grantFaults says why nobody can be given these rights on this object.
func (c *call) grantFaults() []string {
	t := Syntax.Tokens(c.body)
	on := slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("ON") })
	to := slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("TO") })
	if on < 0 || to < on+2 {
		return nil
	}
	object, rights := t[on+1:to], cutBy(t[:on], ",")
	kind := strings.ToUpper(object[0].Text)
	if kind == "PROCEDURE" || kind == "FUNCTION" {
		return c.routineGrant(kind, object[1:], rights)
	}
	if object[0].Is("TABLE") {
		object = object[1:]
	}
	level := grantLevel(object)
	var out []string
	for _, r := range rights {
		if why := rightFault(r, level); why != "" {
			out = append(out, why)
		}
	}
	return out
}

// grantLevel is what rights are given on: "server", "database" or "table".
func grantLevel(object []lint.Token) string {
	n := len(object)
	switch {
	case n == 3 && object[0].Is("*") && object[2].Is("*"):
		return "server"
	case n > 0 && object[n-1].Is("*"):
		return "database"
	}
	return "table"
}

func rightFault(right []lint.Token, level string) string {
	listed := slices.IndexFunc(right, func(x lint.Token) bool { return x.Is("(") })
	words := right
	if listed >= 0 {
		words = right[:listed]
	}
	name := plainText(words)
	switch {
	case listed >= 0 && !slices.Contains(columnRights, name):
		return "no " + strings.ToUpper(name) + " can be given on columns"
	case listed >= 0 && level != "table":
		return "columns are of a table"
	case level == "server", slices.Contains(tableRights, name):
		return ""
	case level == "database" && slices.Contains(databaseRights, name):
		return ""
	}
	if slices.Contains(databaseRights, name) || slices.Contains(serverRights, name) || strings.Contains(name, "_") || len(words) == 1 {
		return strings.ToUpper(plainWords(words)) + " can't be given on a " + level
	}
	return ""
}

func plainWords(t []lint.Token) string {
	var out []string
	for _, x := range t {
		out = append(out, x.Text)
	}
	return strings.Join(out, " ")
}

func (c *call) routineGrant(kind string, name []lint.Token, rights [][]lint.Token) []string {
	var out []string
	if len(name) == 1 && c.missingKind(name[0].Value(), kind) {
		out = append(out, "there is no "+lower(kind)+" "+quote(name[0].Value()))
	}
	for _, r := range rights {
		if n := plainText(r); !slices.Contains(routineRights, n) {
			out = append(out, "no "+strings.ToUpper(n)+" can be given on a routine")
		}
	}
	return out
}

// missingKind: there is no routine of this name for certain, or it is of the other kind.
func (c *call) missingKind(name, kind string) bool {
	r := c.routine(name)
	return c.missingRoutine(name) || c.knowsAll() && r != nil && r.Options["word"] != "" && r.Options["word"] != kind
}
