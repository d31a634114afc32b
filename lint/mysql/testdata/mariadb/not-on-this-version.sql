-- case: 1
-- version: 5.7
ALTER TABLE t RENAME COLUMN a TO b; -- want not-on-this-version, rename
-- case: 2
-- version: 5.7
CREATE INDEX i ON t ((a + 1)); -- want not-on-this-version
-- case: 3
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
ALTER TABLE t ADD INDEX mv ((CAST(j->'$[*]' AS UNSIGNED ARRAY))); -- want not-on-this-version
-- case: 4
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ALTER INDEX vk INVISIBLE; -- want not-on-this-version
-- case: 5
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
ALTER TABLE t ADD INDEX ((a + 1)); -- want not-on-this-version
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
ALTER TABLE t ADD CONSTRAINT ck2 CHECK (a > 0) NOT ENFORCED; -- want not-on-this-version
-- case: 7
CREATE TABLE IF NOT EXISTS t (a int);
-- case: 8
ALTER TABLE t ADD COLUMN a int;
-- case: 9
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
-- case: 10
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
-- case: types of another server
ALTER TABLE t ADD COLUMN a varchar2(20); -- want not-on-this-version
-- case: a reserved word as a table's name
ALTER TABLE order ADD COLUMN a int; -- want not-on-this-version
-- case: the same in quotes
ALTER TABLE `order` ADD COLUMN a int;
-- case: a text as a name
ALTER TABLE "t" ADD COLUMN a int; -- want not-on-this-version
-- case: ANSI_QUOTES
SET SESSION sql_mode = 'ANSI_QUOTES';
ALTER TABLE "t" ADD COLUMN "a" int;
-- case: a comment for a later version
ALTER TABLE t ADD COLUMN a int /*!99999 , DROP COLUMN b */;
-- case: a CHECK with a name
ALTER TABLE t ADD COLUMN a int CONSTRAINT c CHECK (a > 0); -- want not-on-this-version
-- case: something behind a CHECK
ALTER TABLE t ADD COLUMN a int CHECK (a > 0) DEFAULT 5; -- want not-on-this-version
-- case: a CHECK at the end
ALTER TABLE t ADD COLUMN a int DEFAULT 5 CHECK (a > 0);

-- case: what stands alone, and what MariaDB has no word for
CREATE TABLE t (a int NOT NULL PRIMARY KEY) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (9));
-- schema above
ALTER TABLE t ALGORITHM=INPLACE, ADD PARTITION (PARTITION q VALUES LESS THAN (99)); -- want not-on-this-version
ALTER TABLE t ADD COLUMN g int AS (a + 1) NULL; -- want add-column-blocking, not-on-this-version
CREATE VIEW v AS TABLE t; -- want not-on-this-version
LOCK INSTANCE FOR BACKUP; -- want not-on-this-version
CREATE TRIGGER tr BEFORE INSERT OR UPDATE ON t FOR EACH ROW SET @a = 1; -- want not-on-this-version
