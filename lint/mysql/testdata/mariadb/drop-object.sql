-- case: 1
DROP TABLE users; -- want drop-object
-- case: 2
DROP DATABASE shop; -- want drop-object
-- case: 3
DROP VIEW active; -- want drop-object
-- case: 4
DROP PROCEDURE p; -- want drop-object
-- case: 5
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
DROP TABLE t; -- want drop-object
-- case: 6
DROP TABLE IF EXISTS unknown; -- want drop-object
-- case: 7
CREATE TABLE f (a int);
DROP TABLE f;
-- case: 8
DROP PROCEDURE IF EXISTS p;
CREATE PROCEDURE p() SELECT 1;
-- case: 9
DROP TRIGGER t1;
-- case: 10
DROP EVENT ev;
-- case: a view comes back with less
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a, b FROM t;
-- schema above
DROP VIEW v; -- want drop-object
CREATE VIEW v AS SELECT a FROM t;
-- case: a view comes back with more
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a FROM t;
-- schema above
DROP VIEW v;
CREATE VIEW v AS SELECT a, b FROM t;
-- case: a procedure comes back with other arguments
CREATE PROCEDURE p (a int) SELECT a;
-- schema above
DROP PROCEDURE p; -- want drop-object
CREATE PROCEDURE p (a int, b int) SELECT a;
-- case: a database with IF EXISTS
CREATE TABLE t (a int);
-- schema above
DROP DATABASE IF EXISTS shop; -- want drop-object
DROP SCHEMA shop; -- want drop-object
