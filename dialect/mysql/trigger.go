package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// markVariable is the user variable that a backfill's session carries, with the
// plan's id in it: our triggers leave its rows alone. Otherwise the backfill would
// count as new code that wrote, and the mapping back would change the old column.
const markVariable = "@phasemig_backfill"

// trigger is one of ours.
type trigger struct {
	name, timing, event string
	state               string // "as planned" or "moved"
	body                string
}

// create writes the statement. definer is empty for the account that is connected.
func (g trigger) create(table schema.Ident, definer string) string {
	who := ""
	if definer != "" {
		user, host, _ := strings.Cut(definer, "@")
		who = "DEFINER=" + quote(user) + "@" + quote(host) + " "
	}
	return fmt.Sprintf("CREATE %sTRIGGER %s.%s %s %s ON %s FOR EACH ROW %s", who, quote(table.Schema), quote(g.name), g.timing, g.event, quoteTable(table), g.body)
}

func (g trigger) drop(table schema.Ident) string {
	return fmt.Sprintf("DROP TRIGGER %s.%s", quote(table.Schema), quote(g.name))
}

// triggers lists what keeps both sides in step, in the order of creation: a row
// that an INSERT trigger filled must not meet an UPDATE without one.
func (l layout) triggers(planID string) []trigger {
	if l.s.Trigger == "" {
		return nil
	}
	state := "as planned"
	if l.moved {
		state = "moved"
	}
	w := body{layout: l, planID: planID, state: state}
	out := []trigger{{l.s.Trigger + "_u", "BEFORE", "UPDATE", state, w.update()}, {l.s.Trigger + "_i", "BEFORE", "INSERT", state, w.insert()}}
	if w.records() {
		out = append([]trigger{{l.s.Trigger + "_au", "AFTER", "UPDATE", state, w.record()}, {l.s.Trigger + "_ai", "AFTER", "INSERT", state, w.record()}}, out...)
	}
	return out
}

// body writes the text of a trigger.
type body struct {
	layout
	planID, state string
}

// mark is the comment that names the run. Its first line is also how a later
// look tells which state of the names the trigger was made for.
func (w body) mark() string {
	return fmt.Sprintf("/* phasemig %s: keeps the two sides of a column change in step; columns %s; undo: phasemig rollback %s */", w.planID, w.state, w.planID)
}

func (w body) records() bool { return w.s.Fallible && w.s.OnUnreturnable == "record" }

func (w body) flag() string {
	return "@phasemig_lost_" + w.planID + "_" + w.s.Trigger[strings.LastIndex(w.s.Trigger, "_")+1:]
}

// guarded puts statements behind the mark of the backfill's session.
func (w body) guarded(lines ...string) string {
	head := []string{"BEGIN", w.mark()}
	if w.records() {
		head = append(head, "SET "+w.flag()+" = NULL;")
	}
	head = append(head, fmt.Sprintf("IF NOT (%s <=> '%s') THEN", markVariable, w.planID))
	return strings.Join(append(append(head, lines...), "END IF;", "END"), "\n")
}

// update: the side that changed wins; both changed: the new one.
func (w body) update() string {
	lines := []string{"IF " + w.changed(w.s.New, w.newName) + " THEN"}
	lines = append(lines, w.down()...)
	lines = append(lines, w.refill()...)
	lines = append(lines, "ELSEIF "+w.changed(w.s.Old, w.oldName)+" THEN")
	lines = append(lines, w.up()...)
	return w.guarded(append(lines, "END IF;")...)
}

// insert: the new side wins when it holds anything, else the old one.
func (w body) insert() string {
	var given []string
	for i := range w.s.New {
		given = append(given, "NEW."+quote(w.newName(i))+" IS NOT NULL")
	}
	lines := []string{"IF " + strings.Join(given, " OR ") + " THEN"}
	lines = append(append(lines, w.down()...), "ELSE")
	return w.guarded(append(append(lines, w.up()...), "END IF;")...)
}

func (w body) changed(sides []plans.Side, name func(int) string) string {
	var out []string
	for i, sd := range sides {
		c := quote(name(i))
		out = append(out, "NOT ("+same(sd, "OLD."+c, "NEW."+c)+")")
	}
	return strings.Join(out, " OR ")
}

// refill serves set_not_null: whoever sets the column to NULL under its own name
// after the swap gets the fill, like everybody before.
func (w body) refill() []string {
	if w.s.Operation != "set_not_null" || w.s.New[0].Plain != "" {
		return nil
	}
	lines := append([]string{"IF NEW." + quote(w.newName(0)) + " IS NULL THEN"}, w.up()...)
	return append(lines, "END IF;")
}

// up sets the new side. A value that can't be mapped leaves the new column NULL
// rather than fail a statement of code that knows nothing of it: verification finds the row.
func (w body) up() []string {
	var out []string
	for i, n := range w.s.New {
		to := "NEW." + quote(w.newName(i))
		if c := w.plainTo(n); c != "" {
			out = append(out, fmt.Sprintf("SET %s = NEW.%s;", to, quote(c)))
			continue
		}
		if w.s.Operation == "set_not_null" {
			out = append(out, fmt.Sprintf("SET %s = %s;", to, w.expression(n, true, "NEW.")))
			continue
		}
		out = append(out, "BEGIN", "DECLARE EXIT HANDLER FOR SQLEXCEPTION SET "+to+" = NULL;",
			fmt.Sprintf("SET %s = %s;", to, w.expression(n, true, "NEW.")), "END;")
	}
	return out
}

// down sets the old side.
func (w body) down() []string {
	var out []string
	for i, o := range w.s.Old {
		to := "NEW." + quote(w.oldName(i))
		if c := w.plainTo(o); c != "" {
			out = append(out, fmt.Sprintf("SET %s = NEW.%s;", to, quote(c)))
			continue
		}
		out = append(out, w.fallible(i, to)...)
	}
	return out
}

// fallible tries the mapping back in a variable of the old column's type: what
// can't be stored in the one can't be stored in the other.
func (w body) fallible(i int, to string) []string {
	o := w.s.Old[i]
	otherwise := fmt.Sprintf("BEGIN SET %s = %s; SET %s = 1; END", to, w.emptiness(i), w.flag())
	if !w.records() {
		otherwise = fmt.Sprintf("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'phasemig %s: the value does not fit back into the old column (on_unreturnable: reject)'", w.planID)
	}
	lines := []string{"BEGIN", "DECLARE pm_old " + variableType(withCharset(w.x.Old[i].Core, o.Charset, o.Collation)) + ";", "DECLARE EXIT HANDLER FOR SQLEXCEPTION " + otherwise + ";",
		fmt.Sprintf("SET pm_old = %s;", w.expression(o, false, "NEW."))}
	if w.x.Old[i].NotNull {
		lines = append(lines, "IF pm_old IS NULL THEN SIGNAL SQLSTATE '45000'; END IF;")
	}
	return append(lines, "SET "+to+" = pm_old;", "END;")
}

// emptiness is what the old column holds when the value doesn't fit.
func (w body) emptiness(i int) string {
	if !w.x.Old[i].NotNull {
		return "NULL"
	}
	z, _ := zero(w.s.Old[i], w.x.Old[i]) // planned: relax refused types without one
	return z
}

// variableType takes off what a variable's type can't say.
func variableType(core string) string {
	list := tokens(core)
	for i := range list {
		if words(list[i:], "SRID") || words(list[i:], "COLUMN_FORMAT") || words(list[i:], "STORAGE") || words(list[i:], "COMPRESSED") || words(list[i:], "ENGINE_ATTRIBUTE") {
			return join(list[:i])
		}
	}
	return core
}

// record notes the row's key, in an AFTER trigger because only then a key that
// the server numbers is known.
func (w body) record() string {
	key := keyText(w.s.Key, "NEW.")
	return strings.Join([]string{"BEGIN", w.mark(), fmt.Sprintf("IF %s = 1 THEN", w.flag()), "SET " + w.flag() + " = NULL;",
		fmt.Sprintf(`INSERT INTO %s.unreturnable (run, sync, relation, row_key, key_digest, at)
VALUES ('%s', %s, %s, %s, SHA2(%s, 256), CONVERT_TZ(SYSDATE(6), @@session.time_zone, '+00:00'))
ON DUPLICATE KEY UPDATE at = CONVERT_TZ(SYSDATE(6), @@session.time_zone, '+00:00');`,
			quote(stateSchema), w.planID, w.s.Trigger[strings.LastIndex(w.s.Trigger, "_")+1:], quoteText(w.s.Table.String()), key, key),
		"END IF;", "END"}, "\n")
}
