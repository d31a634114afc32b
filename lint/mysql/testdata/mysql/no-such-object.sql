-- case: 1
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ALTER COLUMN b SET DEFAULT 1; -- want no-such-object
-- case: 2
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ADD COLUMN a int; -- want no-such-object
-- case: 3
CREATE TABLE t (a int);
-- schema above
CREATE TABLE t (a int); -- want no-such-object
-- case: 4
ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;
-- case: 5
CREATE TABLE t (a int);
-- schema above
CREATE TABLE IF NOT EXISTS t (a int);
-- case: 6
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q int NOT NULL DEFAULT 0;
-- case: 7
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q json;
-- case: what a trigger can't do
CREATE TABLE t (a int);
-- schema above
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SELECT 1; -- want no-such-object
-- case: a function that says nothing
CREATE FUNCTION f (a int) RETURNS int RETURN a; -- want no-such-object
-- case: a function that says what it does
CREATE FUNCTION f (a int) RETURNS int DETERMINISTIC RETURN a;
-- case: a variable that isn't there
SET SESSION no_such_thing = 1; -- want no-such-object
SET SESSION sql_mode = 'NO_SUCH_MODE'; -- want no-such-object
SET SESSION lock_wait_timeout = 5, @a = 1;
-- case: a view of groups
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a, COUNT(*) n FROM t GROUP BY a;
-- schema above
UPDATE v SET a = 1 WHERE n = 2; -- want no-such-object
-- case: a query of nothing
CREATE TABLE t (a int);
-- schema above
SELECT b FROM t; -- want no-such-object
SELECT a FROM u; -- want no-such-object
SELECT EXTRACT(YEAR FROM a), t.a FROM t;
-- case: columns of a GRANT
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
GRANT SELECT (id, b), UPDATE (a) ON shop.t TO u; -- want no-such-object
GRANT SELECT (id), UPDATE (a) ON shop.t TO u;
