-- case: 1
ALTER TABLE users RENAME COLUMN a TO b; -- want rename
-- case: 2
CREATE TABLE users (a int);
-- schema above
ALTER TABLE users CHANGE a b int; -- want rename
-- case: 3
RENAME TABLE users TO people; -- want rename
-- case: 4
ALTER TABLE users RENAME TO people; -- want rename
-- case: 5
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t CHANGE a aa int; -- want rename
-- case: 6
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t CHANGE a aa bigint; -- want change-type, rename
-- case: 7
ALTER TABLE users RENAME INDEX a TO b;
-- case: 8
RENAME TABLE users TO users_old, users_new TO users;
-- case: 9
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t ADD q int AFTER a;
-- case: 10
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP;
-- case: a view takes the name
CREATE TABLE t (a int, b int);
-- schema above
RENAME TABLE t TO t2;
CREATE VIEW t AS SELECT b, a FROM t2;
-- case: a view takes the name, with less
CREATE TABLE t (a int, b int);
-- schema above
ALTER TABLE t RENAME TO t2; -- want rename
CREATE VIEW t AS SELECT a FROM t2;
-- case: a view takes the name that nobody can write through
CREATE TABLE t (a int, b int);
-- schema above
RENAME TABLE t TO t2; -- want rename
CREATE VIEW t AS SELECT DISTINCT a, b FROM t2;
-- case: there and back
CREATE TABLE t (a int);
-- schema above
RENAME TABLE t TO t_away;
RENAME TABLE t_away TO t;
-- case: an empty table in the place of a full one
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE TABLE t_new LIKE t;
RENAME TABLE t TO t_old, t_new TO t; -- want rename
-- case: a table that the file has filled
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
CREATE TABLE t_new LIKE t;
INSERT INTO t_new SELECT * FROM t;
RENAME TABLE t TO t_old, t_new TO t;
