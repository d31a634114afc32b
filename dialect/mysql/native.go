package mysql

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Recipe implements plans.Rules: what has a clause goes by ALTER TABLE, and the rest is refused there.
func (rules) Recipe(f *plans.Facts, t *schema.Table, o plans.Operation, planID string, r *plans.Recipe) error {
	if o.RenameTable != nil {
		return renameRecipe(f, t, planID, r)
	}
	if o.CreateTable != nil || o.DropTable != nil {
		return wholeRecipe(f, t, o, planID, r)
	}
	return noRecipe(o, "this server does it by an ALTER TABLE", "")
}

// Copies implements plans.Rules: each has a place of its own in the log.
func (rules) Copies() int { return 64 }

func noRecipe(o plans.Operation, reason, hint string) error {
	return &plans.RefusedError{What: o.Words(), Reason: reason, Hint: hint}
}

// nativeClause is the clause of an ALTER TABLE for an operation that isn't about what a column holds; "" for
// those that a column sync does. What takes something away isn't done by a clause, which would do it in expand.
func nativeClause(t *schema.Table, o plans.Operation) (string, error) {
	switch {
	case o.CreateIndex != nil:
		return indexClause(o)
	case o.AddCheck != nil:
		return fmt.Sprintf("ADD CONSTRAINT %s CHECK (%s)", quote(o.AddCheck.Name), o.AddCheck.Check), nil
	case o.AddForeignKey != nil:
		return foreignKeyClause(t, o.AddForeignKey), nil
	case o.AddUnique != nil:
		return uniqueClause(o)
	case o.AddPrimaryKey != nil:
		return "ADD PRIMARY KEY (" + quoteAll(o.AddPrimaryKey.Columns) + ")", nil
	case o.AddColumn != nil:
		return columnClause(o.AddColumn), nil
	case o.SetDefault != nil:
		return fmt.Sprintf("ALTER COLUMN %s SET DEFAULT (%s)", quote(o.SetDefault.Column), o.SetDefault.Default), nil
	case o.DropDefault != nil:
		return "ALTER COLUMN " + quote(o.DropDefault.Column) + " DROP DEFAULT", nil
	case o.DropColumn != nil:
		return "", noRecipe(o, "on this server it would be gone in the first phase, without a way back", "phasemig plan --strategy shadow --alter with DROP COLUMN: the old table keeps the column until contract")
	case o.SetComment != nil:
		return "", noRecipe(o, "comments are part of a column's or an index's whole definition here", "phasemig plan --alter with MODIFY COLUMN or COMMENT")
	case o.ReplaceIndex != nil:
		return "", noRecipe(o, "on this server the one that is there would be dropped in the first phase", "create_index under another name; when queries use it, drop the old one by phasemig plan --alter with DROP INDEX")
	case o.SetReplicaIdentity != nil, o.AddEnumValue != nil, o.RenameEnumValue != nil:
		return "", noRecipe(o, "this server has no such thing", "phasemig plan --alter with MODIFY COLUMN and the whole list changes the values of an ENUM")
	case o.CreateTrigger != nil, o.DropTrigger != nil, o.SetTrigger != nil:
		return "", noRecipe(o, "a trigger is made and dropped by statements of its own here, under a short metadata lock", "CREATE TRIGGER or DROP TRIGGER by hand, with a short lock_wait_timeout")
	case o.ValidateConstraint != nil:
		return "", noRecipe(o, "this server has no constraint that isn't valid", "")
	case o.DropConstraint != nil, o.RenameConstraint != nil:
		return "", noRecipe(o, "on this server it would be done in the first phase, and by hand is as safe", "phasemig plan --alter with the server's own clause")
	case o.PartitionTable != nil:
		return "", noRecipe(o, "this server has a clause of its own for partitions", "phasemig plan --alter with PARTITION BY")
	case o.RewriteTable != nil:
		return "", noRecipe(o, "this server rewrites a table by itself, without blocking", "phasemig plan --alter with FORCE")
	case o.DropIndex != nil:
		return "", noRecipe(o, "on this server what is dropped is dropped in the first phase, and by hand is as safe", "ALTER TABLE … ALTER INDEX … INVISIBLE first, then phasemig plan --alter with DROP INDEX")
	}
	return "", nil
}

func indexClause(o plans.Operation) (string, error) {
	c := o.CreateIndex
	if m := strings.ToUpper(c.Method); c.Unique && (m == "FULLTEXT" || m == "SPATIAL") {
		return "", noRecipe(o, "such an index can't be unique", "")
	}
	if len(c.Include) > 0 || c.Where != "" || c.With != "" || c.NullsEqual {
		return "", noRecipe(o, "this server's indexes have no include, where, with or nulls_equal", "")
	}
	var keys []string
	for _, p := range c.Columns {
		if p.Operators != "" || p.Collation != "" || p.Nulls != "" {
			return "", noRecipe(o, "a key of this server's indexes has no operators, collation or nulls", "")
		}
		keys = append(keys, keyClause(p))
	}
	kind, using := "INDEX", ""
	if c.Unique {
		kind = "UNIQUE INDEX"
	}
	switch method := strings.ToUpper(c.Method); method {
	case "":
	case "FULLTEXT", "SPATIAL": // a kind of index here, not a way of storing one
		kind = method + " INDEX"
	default:
		using = " USING " + method
	}
	return fmt.Sprintf("ADD %s %s%s (%s)", kind, quote(c.Name), using, strings.Join(keys, ", ")), nil
}

func columnClause(c *plans.AddColumn) string {
	out := "ADD COLUMN " + quote(c.Name) + " " + c.Type
	if c.Generated != "" {
		out += " GENERATED ALWAYS AS (" + c.Generated + ") " + c.Keeps()
	}
	if c.NotNull {
		out += " NOT NULL"
	}
	if c.Default != "" {
		out += " DEFAULT " + c.Default
	}
	if c.Comment != "" {
		out += " COMMENT " + quoteText(c.Comment)
	}
	return out
}

func uniqueClause(o plans.Operation) (string, error) {
	c := o.AddUnique
	if len(c.Include) > 0 || c.NullsEqual {
		return "", noRecipe(o, "this server's indexes have no include or nulls_equal", "")
	}
	return fmt.Sprintf("ADD UNIQUE INDEX %s (%s)", quote(c.Name), quoteAll(c.Columns)), nil
}

func foreignKeyClause(t *schema.Table, c *plans.AddForeignKey) string {
	to := schema.ParseIdent(c.References.Table)
	to.Schema = cmp.Or(to.Schema, t.Schema)
	out := fmt.Sprintf("ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)", quote(c.Name), quoteAll(c.Columns), quoteTable(to), quoteAll(c.References.Columns))
	if c.OnUpdate != "" {
		out += " ON UPDATE " + strings.ToUpper(c.OnUpdate)
	}
	if c.OnDelete != "" {
		out += " ON DELETE " + strings.ToUpper(c.OnDelete)
	}
	return out
}

func keyClause(p plans.IndexPart) string {
	out := "(" + p.Expression + ")"
	if p.Column != "" {
		out = quote(p.Column)
	}
	if p.Descending {
		out += " DESC"
	}
	return out
}
