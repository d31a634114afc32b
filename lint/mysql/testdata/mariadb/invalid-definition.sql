-- case: 1
CREATE TABLE t (id int, a text);
-- schema above
ALTER TABLE t ADD INDEX (a); -- want index-build
-- case: 2
CREATE TABLE t (a int, g int AS (a) VIRTUAL);
-- schema above
ALTER TABLE t MODIFY g int; -- want invalid-definition
-- case: 3
ALTER TABLE t ADD COLUMN code int NOT NULL DEFAULT 0 UNIQUE; -- want invalid-definition, online-rebuild
-- case: 4
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
ALTER TABLE nopk ADD id int NOT NULL DEFAULT 0 PRIMARY KEY; -- want invalid-definition, online-rebuild
-- case: 5
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY g int; -- want invalid-definition
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
ALTER TABLE t ADD INDEX (tx); -- want index-build
-- case: 7
CREATE TABLE t (id int, a text);
-- schema above
ALTER TABLE t ADD INDEX (a(100)); -- want index-build
-- case: 8
ALTER TABLE t ADD COLUMN code int UNIQUE; -- want online-rebuild
-- case: 9
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q int NOT NULL DEFAULT 0;
-- case: 10
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q text;
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
-- case: a zero date
ALTER TABLE t ADD COLUMN d date NOT NULL DEFAULT '0000-00-00';
-- case: a zero date, and sql_mode wants none
SET sql_mode = 'TRADITIONAL';
ALTER TABLE t ADD COLUMN d date NOT NULL DEFAULT '0000-00-00'; -- want invalid-definition
-- case: what an engine doesn't have
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
CREATE TABLE m (a text) ENGINE=MEMORY; -- want invalid-definition
CREATE TABLE c (a int) ENGINE=CSV; -- want invalid-definition
CREATE TABLE d (a int NOT NULL) ENGINE=CSV;
CREATE TABLE r (a int) ENGINE=RocksDB; -- want invalid-definition
-- case: the key that a foreign key of another table needs
CREATE TABLE p (id int PRIMARY KEY, code varchar(20) NOT NULL, UNIQUE KEY code (code)) DEFAULT CHARSET=utf8mb4;
CREATE TABLE c (id int PRIMARY KEY, code varchar(20), CONSTRAINT f FOREIGN KEY (code) REFERENCES p (code)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE p DROP INDEX code; -- want invalid-definition,drop-visible-index
-- case: the name of a foreign key of another table
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE a (id int PRIMARY KEY, p int, CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id));
CREATE TABLE b (id int PRIMARY KEY, p int);
-- schema above
SET foreign_key_checks = 0;
ALTER TABLE b ADD CONSTRAINT to_p FOREIGN KEY (p) REFERENCES p (id); -- want invalid-definition, writes-refused

-- case: addresses, hidden columns, compressed ones
CREATE TABLE t (a int, v varchar(10) COMPRESSED);
-- schema above
ALTER TABLE t ADD COLUMN b inet4 DEFAULT '10.0.0.256'; -- want invalid-definition
ALTER TABLE t ADD COLUMN c inet6 DEFAULT 'x'; -- want invalid-definition
ALTER TABLE t ADD COLUMN d uuid DEFAULT 'x'; -- want invalid-definition
ALTER TABLE t ADD COLUMN e inet6 DEFAULT '::1';
ALTER TABLE t ADD INDEX (v); -- want invalid-definition, index-build
CREATE TABLE n (a int PRIMARY KEY, b int INVISIBLE NOT NULL); -- want invalid-definition
CREATE TABLE m (id int PRIMARY KEY) PAGE_COMPRESSED=1 ROW_FORMAT=COMPRESSED; -- want invalid-definition
