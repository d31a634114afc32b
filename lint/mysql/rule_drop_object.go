package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var dropObject = rule{lint.Rule{
	ID: "drop-object", Severity: lint.Error, Kind: lint.Data,
	Summary: "something is dropped that holds data or that running clients name",
	Why:     "DROP TABLE and DROP DATABASE delete rows; a view, a routine or a user that is gone makes every statement fail that names it. Drop it after the last client, and after a time in which it could be brought back: a table that is renamed first can be renamed back.\n\nA routine or a view that the same file creates again is replaced.",
	Bad:     []lint.Example{{SQL: "DROP TABLE users;"}, {SQL: "DROP DATABASE shop;"}, {SQL: "DROP VIEW active;"}, {SQL: "DROP PROCEDURE p;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE f (a int);\nDROP TABLE f;"}, {SQL: "DROP PROCEDURE IF EXISTS p;\nCREATE PROCEDURE p() SELECT 1;"}, {SQL: "DROP TRIGGER t1;"}},
}, func(c *call) {
	switch c.verb {
	case "DROP TABLE", "DROP VIEW", "DROP SEQUENCE":
		if c.temporary {
			return
		}
		for _, id := range c.tables {
			if c.ifExists && (c.missing(id) || c.ofOtherKind(id)) {
				continue
			}
			c.drops(strings.ToLower(c.verb[5:]), id.Name, quoted(id), c.live(id))
		}
	case "DROP DATABASE", "DROP SCHEMA", "DROP PROCEDURE", "DROP FUNCTION", "DROP USER", "DROP ROLE", "DROP TABLESPACE", "DROP SERVER", "DROP PACKAGE":
		name := strings.Trim(c.name, "` ")
		name = strings.Trim(name[strings.LastIndexByte(name, '.')+1:], "`")
		if names := c.madeNames(); len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !c.made[n] }) {
			return
		}
		routine := c.word == "PROCEDURE" || c.word == "FUNCTION"
		if routine && c.ifExists && c.missingRoutine(name) {
			return
		}
		c.drops(strings.ToLower(c.verb[5:]), name, c.name, !routine || c.routine(name) == nil || !c.routine(name).Fresh)
	case "CREATE TABLE":
		if c.replace && c.maria && !c.temporary && c.live(c.table) && !c.missing(c.table) {
			c.report(said{message: "CREATE OR REPLACE TABLE drops " + quoted(c.table) + " and every row of it", safe: "CREATE TABLE IF NOT EXISTS " + quoted(c.table) + " …"})
		}
	}
}}

func (c *call) drops(kind, name, full string, live bool) {
	if !live || kind != "table" && kind != "database" && kind != "schema" && c.comesBack(kind, name) {
		if n := c.lessView(schema.Ident{Name: name}); live && kind == "view" && n != "" {
			c.report(said{message: "the view " + full + " comes back without the column " + quote(n) + ": running clients that name it fail", safe: "Leave the column in until no client names it."})
		}
		if live && (kind == "procedure" || kind == "function") && c.otherRoutine(name) {
			c.report(said{message: "the " + kind + " " + full + " comes back with other arguments: running clients that call it fail", safe: "Make it under another name, and drop the old one after its last client."})
		}
		return
	}
	x := said{message: fmt.Sprintf("running clients that name the %s %s fail", kind, full), lock: "exclusive metadata lock, short", safe: fmt.Sprintf("Drop the %s after the last client that names it, in a release of its own.", kind)}
	if kind == "table" || kind == "database" || kind == "schema" {
		x.message = fmt.Sprintf("the %s %s and its data are gone for good, and running clients that name it fail", kind, full)
	}
	if kind == "table" {
		x.safe = fmt.Sprintf("-- after the last client; a rename can be taken back:\nRENAME TABLE %s TO %s;\n-- and when nobody has missed it:\nDROP TABLE %s;", full, quote("_drop_"+name), quote("_drop_"+name))
	}
	c.report(x)
}

// comesBack: a later statement of the file creates it again.
func (j *judge) comesBack(kind, name string) bool {
	for _, s := range j.file.Statements[min(j.next, len(j.file.Statements)):] {
		t := Syntax.Tokens(s.Text)
		if len(t) == 0 || !t[0].Is("CREATE") {
			continue
		}
		for i := 1; i+1 < min(len(t), 20); i++ {
			if t[i].Is(kind) {
				for k := i + 1; k < min(len(t), i+7); k++ {
					if same(t[k].Value(), name) {
						return true
					}
				}
			}
		}
	}
	return false
}
