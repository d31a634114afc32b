-- case: 1
CREATE TABLE t (id int, a text);
-- schema above
ALTER TABLE t ADD INDEX (a); -- want index-build, invalid-definition
-- case: 2
CREATE TABLE t (a int, g int AS (a) VIRTUAL);
-- schema above
ALTER TABLE t MODIFY g int; -- want invalid-definition
-- case: 3
ALTER TABLE t ADD COLUMN code int NOT NULL DEFAULT 0 UNIQUE; -- want invalid-definition, online-rebuild
-- case: 4
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x'; -- want invalid-definition
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
ALTER TABLE nopk ADD id int NOT NULL DEFAULT 0 PRIMARY KEY; -- want invalid-definition, online-rebuild
-- case: 6
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY g int; -- want invalid-definition
-- case: 7
CREATE TABLE t (id int, a text);
-- schema above
ALTER TABLE t ADD INDEX (a(100)); -- want index-build
-- case: 8
ALTER TABLE t ADD COLUMN code int UNIQUE; -- want online-rebuild
-- case: 9
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q int FIRST;
-- case: 10
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q datetime DEFAULT CURRENT_TIMESTAMP;
-- case: below zero
ALTER TABLE t ADD COLUMN a decimal(5,2) unsigned DEFAULT -1; -- want invalid-definition
-- case: more bits than there are
ALTER TABLE t ADD COLUMN a bit(3) DEFAULT 9; -- want invalid-definition
-- case: a collation that isn't there
ALTER TABLE t ADD COLUMN a varchar(5) COLLATE utf8mb4_nowhere_ci; -- want invalid-definition
-- case: a row format that isn't there
ALTER TABLE t ROW_FORMAT=NARROW; -- want invalid-definition, online-rebuild
-- case: a bound of another type
CREATE TABLE p (d date NOT NULL) PARTITION BY RANGE COLUMNS (d) (PARTITION a VALUES LESS THAN ('2020-01-01'));
-- schema above
ALTER TABLE p ADD PARTITION (PARTITION b VALUES LESS THAN (2021)); -- want invalid-definition
-- case: digits of a second
ALTER TABLE t ADD COLUMN a datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP; -- want invalid-definition
-- case: a key that is too long in the server's own character set
CREATE TABLE n (a varchar(800), KEY (a)); -- want invalid-definition
-- case: a name without a letter
CREATE TABLE n (`` int); -- want invalid-definition
-- case: sql_require_primary_key
SET SESSION sql_require_primary_key = ON;
CREATE TABLE f (a int); -- want invalid-definition
-- case: sql_require_primary_key, with a key
SET SESSION sql_require_primary_key = ON;
CREATE TABLE f (a int PRIMARY KEY);
-- case: the name of a foreign key of another table
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE a (id int PRIMARY KEY, p int, CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id));
CREATE TABLE b (id int PRIMARY KEY, p int);
-- schema above
SET foreign_key_checks = 0;
ALTER TABLE b ADD CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id); -- want invalid-definition, writes-refused

-- case: defaults out of range
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ADD COLUMN b float DEFAULT 1e39; -- want invalid-definition
ALTER TABLE t ADD COLUMN b1 time DEFAULT '900:00:00'; -- want invalid-definition
ALTER TABLE t ADD COLUMN b2 time DEFAULT '838:59:59';
ALTER TABLE t ADD COLUMN c varbinary(2) DEFAULT x'ffffff'; -- want invalid-definition
ALTER TABLE t ADD COLUMN c3 varbinary(3) DEFAULT x'ffffff';

-- case: partitions that don't fit each other
CREATE TABLE a (id int) PARTITION BY HASH (id) PARTITIONS 3 (PARTITION x, PARTITION y); -- want invalid-definition
CREATE TEMPORARY TABLE b (id int) PARTITION BY HASH (id); -- want invalid-definition
CREATE TABLE c (id int, d datetime) PARTITION BY RANGE (unix_timestamp(d)) (PARTITION x VALUES LESS THAN (9)); -- want invalid-definition
CREATE TABLE d (id int) PARTITION BY LIST (id) (PARTITION x VALUES IN ('a')); -- want invalid-definition
CREATE TABLE e (id int) PARTITION BY HASH (id) PARTITIONS 2 (PARTITION x, PARTITION y);

-- case: options that don't go together
CREATE TABLE t (a int) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
-- schema above
ALTER TABLE t ROW_FORMAT=DYNAMIC; -- want invalid-definition, online-rebuild
ALTER TABLE t ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=0; -- want online-rebuild
ALTER TABLE t STATS_SAMPLE_PAGES=70000; -- want invalid-definition
ALTER TABLE t AUTOEXTEND_SIZE=5M; -- want invalid-definition, online-rebuild
