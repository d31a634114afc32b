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
-- case: a transaction that only reads
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
START TRANSACTION READ ONLY;
SELECT a FROM t WHERE id = 1;
UPDATE t SET a = 1 WHERE id = 1; -- want no-such-object
COMMIT;
UPDATE t SET a = 1 WHERE id = 1;
-- case: a session that only reads
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
SET SESSION TRANSACTION READ ONLY;
ALTER TABLE t ADD COLUMN b int; -- want no-such-object
SET SESSION TRANSACTION READ WRITE;
ALTER TABLE t ADD COLUMN c int;
-- case: savepoints
START TRANSACTION;
SAVEPOINT a;
ROLLBACK TO SAVEPOINT a;
ROLLBACK TO b; -- want no-such-object
RELEASE SAVEPOINT a;
RELEASE SAVEPOINT a; -- want no-such-object
COMMIT;
-- case: a savepoint behind a commit
START TRANSACTION;
SAVEPOINT a;
CREATE TABLE n (a int);
ROLLBACK TO SAVEPOINT a; -- want no-such-object
-- case: a distributed transaction
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
XA START 'x';
UPDATE t SET a = 1 WHERE id = 1;
ALTER TABLE t ADD COLUMN b int; -- want no-such-object
XA END 'x';
XA COMMIT 'x' ONE PHASE;
ALTER TABLE t ADD COLUMN c int;
-- case: what can't be set inside of a transaction
START TRANSACTION;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED; -- want no-such-object
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION sql_log_bin = 0; -- want no-such-object
COMMIT;
SET SESSION sql_log_bin = 0;
-- case: prepared statements
PREPARE s FROM 'SELECT ?';
EXECUTE s; -- want no-such-object
SET @a = 1;
EXECUTE s USING @a;
DEALLOCATE PREPARE s;
DEALLOCATE PREPARE s; -- want no-such-object
PREPARE two FROM 'SELECT 1; SELECT 2'; -- want no-such-object
-- case: schedules
CREATE EVENT a ON SCHEDULE EVERY 0 DAY DO SELECT 1; -- want no-such-object
CREATE EVENT b ON SCHEDULE EVERY 1 FORTNIGHT DO SELECT 1; -- want no-such-object
CREATE EVENT c ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' ENDS '2036-01-01' DO SELECT 1; -- want no-such-object
CREATE EVENT d ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01' ENDS '2038-01-01' DO SELECT 1;
-- case: a query that doesn't fit
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE TABLE u (id int PRIMARY KEY, a int);
-- schema above
INSERT INTO t (id) SELECT id, a FROM u WHERE id = 1; -- want no-such-object
INSERT INTO t SELECT id FROM u WHERE id = 1; -- want no-such-object
INSERT INTO t SELECT id, b FROM u WHERE id = 1; -- want no-such-object
INSERT INTO t SELECT id, a FROM u WHERE id = 1 ON DUPLICATE KEY UPDATE a = VALUES(a), id = 1;
INSERT INTO t (id, a) SELECT u.id, COUNT(*) FROM u WHERE u.id = 1 GROUP BY u.id;
-- case: a body without a semicolon
CREATE PROCEDURE p() BEGIN SELECT 1 END; -- want no-such-object
-- case: bodies that can't be made
DELIMITER //
CREATE PROCEDURE p() BEGIN SELECT 1; DECLARE a INT; END// -- want no-such-object
CREATE PROCEDURE p() BEGIN DECLARE a INT; DECLARE a INT; END// -- want no-such-object
CREATE PROCEDURE p() BEGIN SET no_such_thing = 1; END// -- want no-such-object
CREATE PROCEDURE p() BEGIN RETURN 1; END// -- want no-such-object
CREATE PROCEDURE p() BEGIN LEAVE nowhere; END// -- want no-such-object
CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET @d = 1; DECLARE c CURSOR FOR SELECT 1; END// -- want no-such-object
CREATE PROCEDURE p() BEGIN OPEN c; END// -- want no-such-object
CREATE PROCEDURE p(a INT, a INT) SELECT a// -- want no-such-object
CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END; END// -- want no-such-object
DELIMITER ;
-- case: a body of everything
DELIMITER //
CREATE PROCEDURE p(IN many INT, OUT done INT) COMMENT 'x'
main: BEGIN
  DECLARE n, k INT DEFAULT 0;
  DECLARE gone BOOLEAN DEFAULT FALSE;
  DECLARE c CURSOR FOR SELECT id FROM t WHERE `end` IS NULL;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET gone = TRUE;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN SET n = 0; RESIGNAL; END;
  IF many = 0 THEN LEAVE main; ELSEIF many < 0 THEN SET many = -many; ELSE SET done = 0; END IF;
  OPEN c;
  turns: LOOP
    FETCH NEXT FROM c INTO k;
    IF gone THEN LEAVE turns; END IF;
    CASE k WHEN 1 THEN ITERATE turns; ELSE SET n = CASE WHEN k > 1 THEN n + 1 ELSE n END; END CASE;
    SELECT CASE k WHEN 1 THEN 'a' END INTO @a;
    BEGIN DECLARE inner_one INT; SET inner_one = IF(n > 1, 2, 3), @b = REPEAT('x', 3); END;
  END LOOP turns;
  CLOSE c;
  WHILE n > 0 DO SET n = n - 1; END WHILE;
  REPEAT SET n = n + 1; UNTIL n > 5 END REPEAT;
  SELECT id AS end FROM t LIMIT 1;
  SET SESSION sql_mode = '', autocommit = 1;
  SET done = n;
END//
CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN CASE a WHEN 1 THEN 2 ELSE 3 END//
CREATE FUNCTION g(a INT) RETURNS VARCHAR(20) CHARSET utf8mb4 DETERMINISTIC RETURN IF(a > 1, 'x', 'y')//
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW IF NEW.a < 0 THEN SET NEW.a = 0; END IF//
DELIMITER ;
-- case: whose a variable is
SET SESSION max_connections = 5; -- want no-such-object
SET innodb_online_alter_log_max_size = 1000000; -- want no-such-object
SET GLOBAL innodb_online_alter_log_max_size = 1000000, max_connections = 5;
SET @@global.max_connections = 5;
SET GLOBAL version = '1'; -- want no-such-object
SET SESSION collation_connection = 'no_such_ci'; -- want no-such-object
SET SESSION transaction_isolation = 'SOMETIMES'; -- want no-such-object
SET SESSION lock_wait_timeout = '5s'; -- want no-such-object
SET SESSION transaction_isolation = 'READ-COMMITTED', lock_wait_timeout = 5, collation_connection = utf8mb4_bin;
-- case: what a view can't be
CREATE TABLE t (a int);
-- schema above
CREATE VIEW v AS SELECT a FROM t WHERE a = ?; -- want no-such-object
CREATE VIEW w AS SELECT a FROM t INTO OUTFILE 'x'; -- want no-such-object
-- case: an account that is there
GRANT SELECT ON shop.t TO 'app'@'%';
-- schema above
CREATE USER 'app'@'%' IDENTIFIED BY 'x'; -- want no-such-object
CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'x';
CREATE USER 'other'@'%' IDENTIFIED BY 'x', 'third'@'%';
-- case: headers of routines
DELIMITER //
CREATE FUNCTION f() DETERMINISTIC RETURN 1// -- want no-such-object
CREATE PROCEDURE p(IN a VARCHAR) SELECT a// -- want no-such-object
CREATE PROCEDURE q() BEGIN DECLARE a VARCHAR; END// -- want no-such-object
DELIMITER ;
-- case: functions of another server
CREATE TABLE t (id int PRIMARY KEY, a varchar(40));
CREATE FUNCTION string_agg(a int) RETURNS int DETERMINISTIC RETURN a;
-- schema above
UPDATE t SET a = gen_random_uuid() WHERE id = 1; -- want no-such-object
SELECT date_trunc('day', a) FROM t; -- want no-such-object
SELECT string_agg(1), shop.date_trunc(2);

-- case: rights by what they are given on
CREATE TABLE t (a int, b int);
-- schema above
GRANT SELECT (a), UPDATE (b) ON t TO app;
GRANT DELETE (a) ON t TO app; -- want no-such-object
GRANT EXECUTE ON t TO app; -- want no-such-object
GRANT SUPER ON shop.* TO app; -- want no-such-object
GRANT EVENT, TRIGGER ON shop.* TO app;
GRANT EXECUTE ON PROCEDURE nope TO app; -- want no-such-object

-- case: functions that nobody has
CREATE TABLE t (a int);
CREATE FUNCTION twice(x int) RETURNS int DETERMINISTIC RETURN x * 2;
CREATE PROCEDURE pr() SELECT 1;
-- schema above
SELECT twice(a), coalesce(a, 0), count(*) FROM t;
SELECT thrice(a) FROM t; -- want no-such-object
SELECT twice(a, 1) FROM t; -- want no-such-object
SELECT pr(); -- want no-such-object
DO nope(); -- want no-such-object
SELECT md5('x'); -- want no-such-object

-- case: names of a view's query
CREATE TABLE t (id int, a int);
CREATE TABLE u (id int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
-- schema above
CREATE VIEW w1 AS SELECT x.id FROM t; -- want no-such-object
CREATE VIEW w2 AS SELECT id FROM t, u; -- want no-such-object
CREATE VIEW w3 AS SELECT id FROM t ORDER BY nope; -- want no-such-object
CREATE VIEW w4 AS SELECT id FROM t UNION SELECT id, b FROM u; -- want no-such-object
CREATE OR REPLACE VIEW v AS SELECT id, a FROM v; -- want no-such-object
CREATE VIEW w5 AS SELECT count(*) AS n FROM t WITH CHECK OPTION; -- want no-such-object
CREATE VIEW w6 AS SELECT t.id, u.b FROM t JOIN u ON u.id = t.id ORDER BY id;

-- case: a query of the table that is changed
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
UPDATE t SET a = (SELECT max(a) FROM t) WHERE id = 1; -- want no-such-object
UPDATE t SET a = (SELECT max(m) FROM (SELECT max(a) AS m FROM t) AS x) WHERE id = 1;

-- case: partitions by name
CREATE TABLE t (id int, n int) PARTITION BY RANGE (n) (PARTITION p0 VALUES LESS THAN (10));
CREATE TABLE plain (a int);
-- schema above
SELECT id FROM t PARTITION (p0);
SELECT id FROM t PARTITION (p1); -- want no-such-object
SELECT a FROM plain PARTITION (p0); -- want no-such-object

-- case: IF EXISTS leaves what is of another kind
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- schema above
DROP TABLE IF EXISTS v;
DROP VIEW IF EXISTS t;
DROP TEMPORARY TABLE t; -- want no-such-object
DROP TEMPORARY TABLE IF EXISTS t;
CREATE TABLE w LIKE v; -- want no-such-object
