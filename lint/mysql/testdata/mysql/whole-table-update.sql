-- case: 1
UPDATE users SET active = 1; -- want whole-table-update
-- case: 2
UPDATE users SET country = 'de' WHERE country IS NULL; -- want whole-table-update
-- case: 3
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
UPDATE t SET a = 1; -- want whole-table-update
-- case: 4
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
UPDATE t SET a = 1 WHERE a IS NULL; -- want whole-table-update
-- case: 5
CREATE TABLE p (id int PRIMARY KEY, z int) ENGINE=InnoDB;
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
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
UPDATE t JOIN p ON t.pid = p.id SET t.a = 1; -- want whole-table-update
-- case: 6
UPDATE users SET active = 1 WHERE id BETWEEN 1 AND 1000;
-- case: 7
UPDATE users SET active = 1 WHERE active IS NULL LIMIT 1000;
-- case: 8
CREATE TABLE p (id int PRIMARY KEY, z int) ENGINE=InnoDB;
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
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
UPDATE t SET a = 1 WHERE id = 5;
-- case: no index leads there
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE a = 7; -- want whole-table-update
-- case: an index that tells few apart
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE e = 'a'; -- want whole-table-update
-- case: a text compared with a number
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE v = 5; -- want invalid-rows, whole-table-update
-- case: all dates before one
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE d < '2020-01-01'; -- want whole-table-update
-- case: an index leads there
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE v = 'x' AND a = 7;
-- case: a range of an index
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE d >= '2020-01-01' AND d < '2020-02-01';
-- case: one of several has no index
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
UPDATE t SET a = 1 WHERE id = 1 OR a = 7; -- want whole-table-update
-- case: a query that reads everything
CREATE TABLE t (id int PRIMARY KEY, shop int NOT NULL, a int, KEY (shop));
CREATE TABLE shop (id int PRIMARY KEY, n int, k int, KEY (k));
-- schema above
UPDATE t SET a = 1 WHERE shop IN (SELECT id FROM shop WHERE n = 250); -- want whole-table-update
UPDATE t SET a = 1 WHERE shop IN (SELECT id FROM shop WHERE k = 250);
-- case: the LIMIT of a query inside
CREATE TABLE t (id int PRIMARY KEY, shop int NOT NULL, a int);
CREATE TABLE shop (id int PRIMARY KEY, n int, k int, KEY (k));
-- schema above
UPDATE t SET a = 1 WHERE a = 4 AND shop IN (SELECT id FROM shop WHERE k = 250 LIMIT 5); -- want whole-table-update
-- case: a table of the file's own says which rows
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE TEMPORARY TABLE pick (id int PRIMARY KEY);
UPDATE t JOIN pick USING (id) SET t.a = 1;
UPDATE t JOIN pick USING (a) SET t.a = 1; -- want whole-table-update
UPDATE t LEFT JOIN pick USING (id) SET t.a = 1; -- want whole-table-update
