package integration

import (
	"context"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// otherPeople do something to the table, or to the runner's rights, at the worst moment.
func otherPeople() []mishap {
	return []mishap{
		{name: "privileges revoked", what: "all rights of the runner's account are taken away, and its connections cut", at: inBoth(inCopy), alone: true, exits: []int{1, 75},
			open: withAccount, strike: revoke},
		{name: "somebody's ALTER", what: "a column is added to the table", at: inBoth(inCopy), exits: []int{5, 75}, short: []string{"mysql shadow copy"},
			strike: func(c *chaos) { c.exec("ALTER TABLE " + c.who.table() + " ADD COLUMN foreign_one int") },
			stops:  map[string][]int{bySync: {5}, byShadow: {5}},
			tidy:   func(c *chaos) { c.exec("ALTER TABLE " + c.who.table() + " DROP COLUMN foreign_one") }},
		{name: "somebody's TRUNCATE", what: "the table is emptied", at: onlyShadow(inCopy, inApply), exits: []int{5, 75}, emptied: true,
			strike: func(c *chaos) { c.heal(c.quiet()); c.exec("TRUNCATE TABLE " + c.who.table()) },
			stops:  map[string][]int{byShadow: {5}}},
		{name: "somebody's RENAME", what: "the table gets another name, and later its own one back", at: inBoth(inCopy), exits: []int{1, 5, 7, 75},
			strike: func(c *chaos) {
				resume := c.quiet()
				c.exec("ALTER TABLE " + c.who.table() + " RENAME TO elsewhere")
				c.heal(func() {
					c.exec("ALTER TABLE elsewhere RENAME TO " + c.who.table())
					resume()
				})
			},
			unseen: true, stops: map[string][]int{byShadow: {5}}},
		{name: "long transaction", what: "a transaction that has read the table stays open", at: inBoth(before), exits: []int{75}, flags: []string{"--lock-wait", "300ms", "--lock-budget", "3s"},
			strike: func(c *chaos) {
				tx, err := dbtest.DB(c.t, c.dsn).BeginTx(context.WithoutCancel(c.t.Context()), nil)
				if err != nil {
					c.t.Fatal(err)
				}
				if _, err := tx.Exec("SELECT * FROM " + c.who.table() + " WHERE id = 1"); err != nil {
					c.t.Fatal(err)
				}
				c.heal(func() { _ = tx.Rollback() })
			}},
	}
}

// runnersAccount is one of the runner's own.
const runnersAccount = "chaos"

func withAccount(c *chaos) {
	if c.kind.IsPostgres() {
		c.exec("CREATE ROLE chaos LOGIN SUPERUSER")
	} else {
		c.exec("CREATE USER 'chaos'@'%'", "GRANT ALL PRIVILEGES ON *.* TO 'chaos'@'%' WITH GRANT OPTION")
	}
	c.as(runnersAccount)
}

// revoke: the application is silent meanwhile, since a server may ask for the rights of a trigger's owner at each write.
func revoke(c *chaos) {
	resume := c.quiet()
	take, give := "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'chaos'@'%'", "GRANT ALL PRIVILEGES ON *.* TO 'chaos'@'%' WITH GRANT OPTION"
	if c.kind.IsPostgres() {
		take, give = "ALTER ROLE chaos NOSUPERUSER", "ALTER ROLE chaos SUPERUSER"
	}
	c.exec(take)
	c.net.Cut()
	c.heal(func() {
		r := c.home.must(1, c.args...)
		c.clear(r)
		c.struck = r
		c.exec(give)
		resume()
	})
}
