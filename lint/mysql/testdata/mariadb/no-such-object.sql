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
CREATE TABLE p (id int PRIMARY KEY, z int) ENGINE=InnoDB;
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE ft (id int PRIMARY KEY, a int, tx text, FULLTEXT ftx (tx));
CREATE TABLE comp (id int PRIMARY KEY, a int) ROW_FORMAT=COMPRESSED;
CREATE TABLE r (id int NOT NULL, a int) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN (200));
CREATE TABLE h (id int NOT NULL, a int) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE x2 (id int NOT NULL, a int);
CREATE TABLE k (id int PRIMARY KEY, pid int, w int, CONSTRAINT fk FOREIGN KEY (pid) REFERENCES p (id), CONSTRAINT ck CHECK (w > 0));
CREATE TABLE txt (id int PRIMARY KEY, w varchar(20), w2 varchar(300)) DEFAULT CHARSET=utf8mb4;
CREATE TABLE un8 (id int PRIMARY KEY, w varchar(20)) DEFAULT CHARSET=utf8mb3;
CREATE TABLE nopk (a int, b int);
CREATE TABLE ai (id int AUTO_INCREMENT PRIMARY KEY, a int NOT NULL DEFAULT 0);
-- schema above
ALTER TABLE t ADD q varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'x' COMMENT 'y';
-- case: 7
CREATE TABLE p (id int PRIMARY KEY, z int) ENGINE=InnoDB;
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE ft (id int PRIMARY KEY, a int, tx text, FULLTEXT ftx (tx));
CREATE TABLE comp (id int PRIMARY KEY, a int) ROW_FORMAT=COMPRESSED;
CREATE TABLE r (id int NOT NULL, a int) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN (200));
CREATE TABLE h (id int NOT NULL, a int) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE x2 (id int NOT NULL, a int);
CREATE TABLE k (id int PRIMARY KEY, pid int, w int, CONSTRAINT fk FOREIGN KEY (pid) REFERENCES p (id), CONSTRAINT ck CHECK (w > 0));
CREATE TABLE txt (id int PRIMARY KEY, w varchar(20), w2 varchar(300)) DEFAULT CHARSET=utf8mb4;
CREATE TABLE un8 (id int PRIMARY KEY, w varchar(20)) DEFAULT CHARSET=utf8mb3;
CREATE TABLE nopk (a int, b int);
CREATE TABLE ai (id int AUTO_INCREMENT PRIMARY KEY, a int NOT NULL DEFAULT 0);
-- schema above
ALTER TABLE t ADD q int AS (a + 2);
-- case: a versioned table
CREATE TABLE t (a int) WITH SYSTEM VERSIONING;
-- schema above
ALTER TABLE t ADD COLUMN b int; -- want no-such-object
-- case: a versioned table whose history may change
CREATE TABLE t (a int) WITH SYSTEM VERSIONING;
-- schema above
SET system_versioning_alter_history = KEEP;
ALTER TABLE t ADD COLUMN b int;
-- case: nothing to do
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ADD COLUMN IF NOT EXISTS a bigint NOT NULL, DROP COLUMN IF EXISTS b, RENAME COLUMN IF EXISTS b TO c, MODIFY IF EXISTS b bigint;
ALTER TABLE IF EXISTS u DROP COLUMN a;
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
-- case: sequences
CREATE SEQUENCE s;
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE SEQUENCE s; -- want no-such-object
CREATE SEQUENCE low MINVALUE 10 MAXVALUE 5; -- want no-such-object
CREATE SEQUENCE early START WITH 5 MINVALUE 10; -- want no-such-object
CREATE SEQUENCE down START WITH -5 INCREMENT BY -1;
SELECT NEXTVAL(s);
SELECT NEXTVAL(missing); -- want no-such-object
ALTER SEQUENCE s MAXVALUE 1000;
DELETE FROM s WHERE 1 = 2; -- want no-such-object
-- case: periods
CREATE TABLE b (id int, room int, s date NOT NULL, e date NOT NULL, at datetime NOT NULL, PERIOD FOR stay (s, e));
CREATE TABLE c (id int, s date NOT NULL, e date NOT NULL, at datetime NOT NULL);
CREATE TABLE d (id int, s date NOT NULL, e date NOT NULL, PERIOD FOR stay (s, e));
-- schema above
ALTER TABLE b DROP PERIOD FOR stay;
ALTER TABLE c ADD PERIOD FOR p (s, at); -- want invalid-definition,system-versioning
ALTER TABLE d ADD PERIOD FOR p (s, e); -- want no-such-object,system-versioning
-- case: SET STATEMENT, and the columns that history has
CREATE TABLE h (id int PRIMARY KEY, a int) WITH SYSTEM VERSIONING;
-- schema above
SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE h ADD COLUMN q int;
ALTER TABLE h ADD COLUMN r int; -- want no-such-object
CREATE VIEW old AS SELECT id, row_start FROM h FOR SYSTEM_TIME ALL;
-- case: partitions and indexes
CREATE TABLE p (y int NOT NULL) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN (9));
-- schema above
ALTER TABLE p CONVERT PARTITION p7 TO TABLE old; -- want no-such-object,partition-maintenance
ALTER TABLE p ALTER INDEX IF EXISTS i IGNORED;
