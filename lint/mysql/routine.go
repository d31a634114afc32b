package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// trigger reads what stands between a trigger's name and its body: the time, the event and the table.
func (s *statement) trigger(c *cursor) {
	s.to = nil
	when := strings.ToUpper(c.peek(0).Text)
	event := strings.ToUpper(c.peek(1).Text)
	c.i++
	if !c.any2("INSERT", "UPDATE", "DELETE") {
		c.fail("INSERT, UPDATE or DELETE")
		return
	}
	if c.take("OR") {
		s.several = true
		c.i++
	}
	if !c.take("ON") {
		c.fail("ON")
		return
	}
	s.table = c.ident()
	s.value = when + " " + event
	if !c.take("FOR", "EACH", "ROW") {
		c.fail("FOR EACH ROW")
		return
	}
	if c.take("FOLLOWS") || c.take("PRECEDES") {
		s.follows = c.name()
	}
	if !c.done() {
		s.body, s.bodyAt = c.rest()
	}
}

// createRoutine keeps what a later statement calls, drops or fires.
func (j *judge) createRoutine(s *statement) {
	switch s.word {
	case "PROCEDURE", "FUNCTION":
		was := j.routine(s.name)
		if was != nil && s.ifNotExists {
			return
		}
		j.catalog.Put(&lint.Relation{Table: schema.Table{Ident: routineKey(s.name), Kind: "routine"}, Fresh: true, Options: map[string]string{"definition": s.body, "word": s.word}})
	case "EVENT":
		j.catalog.Put(&lint.Relation{Table: schema.Table{Ident: routineKey("event " + s.name), Kind: "event"}, Fresh: true, Options: map[string]string{"definition": s.body}})
	case "TRIGGER":
		k := j.relation(s.table)
		if k == nil {
			return
		}
		if _, there := j.findTrigger(s.name); there != nil {
			if s.ifNotExists {
				return
			}
			j.dropTrigger(s.name)
		}
		when, event, _ := strings.Cut(s.value, " ")
		k.Triggers = append(k.Triggers, schema.Trigger{Name: s.name, Timing: when, Event: event, Body: s.body})
		k.New["trigger "+lower(s.name)] = true
	}
}

func (j *judge) dropRoutine(s *statement) {
	name := lastName(s.name)
	if s.verb == "DROP EVENT" {
		name = "event " + name
	}
	if s.verb == "DROP TRIGGER" {
		j.dropTrigger(name)
		return
	}
	j.catalog.Remove(routineKey(name))
}

// routineKey keeps procedures and functions in the catalog beside the tables, under names that no table has.
func routineKey(name string) schema.Ident {
	return schema.Ident{Name: "routine\x00" + lower(lastName(name))}
}

// routine finds a procedure or a function, nil when it isn't known.
func (j *judge) routine(name string) *lint.Relation { return j.catalog.Relation(routineKey(name)) }

// lastName is a name without its database and quotes.
func lastName(s string) string {
	s = strings.Trim(s, "` ")
	return strings.Trim(s[strings.LastIndexByte(s, '.')+1:], "`")
}

func (j *judge) findTrigger(name string) (*lint.Relation, *schema.Trigger) {
	var at *lint.Relation
	var found *schema.Trigger
	j.catalog.Relations(func(r *lint.Relation) {
		for i := range r.Triggers {
			if same(r.Triggers[i].Name, name) {
				at, found = r, &r.Triggers[i]
			}
		}
	})
	return at, found
}

func (j *judge) dropTrigger(name string) {
	k, _ := j.findTrigger(name)
	if k == nil {
		return
	}
	var keep []schema.Trigger
	for _, t := range k.Triggers {
		if !same(t.Name, name) {
			keep = append(keep, t)
		}
	}
	k.Triggers = keep
}

// missing reports whether a table or view isn't there for certain.
func (j *judge) missing(id schema.Ident) bool {
	return j.knowsAll() && id.Schema == "" && id.Name != "" && j.catalog.Relation(id) == nil && !strings.HasPrefix(id.Name, "placeholder")
}

// knowsAll: a schema was given, so that what isn't in the catalog isn't there.
func (j *judge) knowsAll() bool { return j.catalog.Complete || j.given }

func (j *judge) missingRoutine(name string) bool {
	return j.knowsAll() && j.routine(name) == nil && !strings.Contains(name, ".")
}

// givesBack names a parameter that is OUT or INOUT and is given a literal.
func givesBack(body string, given []string) string {
	c := newCursor(body)
	if !c.at("(") {
		return ""
	}
	in := c.inside()
	for i := 0; in.err == nil && !in.done() && i < len(given); i++ {
		if out := in.any("OUT", "INOUT"); out != "" && plainValue(given[i]) {
			return in.peek(0).Value()
		}
		in.item()
		if !in.take(",") {
			break
		}
	}
	return ""
}

// arguments counts the parameters in front of a routine's body; -1 where it can't be told.
func arguments(body string) int {
	c := newCursor(body)
	if !c.at("(") {
		return -1
	}
	in := c.inside()
	if in.err != nil {
		return -1
	}
	n := 0
	for !in.done() {
		in.item()
		n++
		if !in.take(",") {
			break
		}
	}
	return n
}
