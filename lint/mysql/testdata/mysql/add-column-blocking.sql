-- case: 1
ALTER TABLE t ADD COLUMN c int AS (a + 1) STORED; -- want add-column-blocking
-- case: 2
ALTER TABLE t ADD COLUMN c bigint AUTO_INCREMENT UNIQUE; -- want add-column-blocking
-- case: 3
ALTER TABLE t ADD COLUMN c varchar(36) DEFAULT (uuid()); -- want add-column-blocking, invalid-definition
-- case: 4
CREATE TABLE t (a text, FULLTEXT (a));
-- schema above
ALTER TABLE t ADD COLUMN c int; -- want add-column-blocking
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
ALTER TABLE t ADD q int GENERATED ALWAYS AS (a + 2) STORED; -- want add-column-blocking
-- case: 6
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
ALTER TABLE t ADD q int AS (a + 2), ADD INDEX (q); -- want add-column-blocking, index-build
-- case: 7
ALTER TABLE t ADD COLUMN c int;
-- case: 8
ALTER TABLE t ADD COLUMN c int AS (a + 1) VIRTUAL;
-- case: 9
ALTER TABLE t ADD COLUMN c datetime NOT NULL DEFAULT CURRENT_TIMESTAMP;
-- case: 10
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q int NOT NULL DEFAULT 0;
-- case: a virtual column in front of another one
CREATE TABLE t (id int PRIMARY KEY, a int, g int AS (a) VIRTUAL);
-- schema above
ALTER TABLE t ADD COLUMN q int AS (a * 2) VIRTUAL AFTER id; -- want add-column-blocking
ALTER TABLE t ADD COLUMN r int AFTER id;

-- case: a virtual column beside an index on an expression
CREATE TABLE t (id int PRIMARY KEY, v varchar(10), KEY ((lower(v))));
-- schema above
ALTER TABLE t ADD COLUMN g int AS (id + 1) VIRTUAL; -- want add-column-blocking
ALTER TABLE t ADD COLUMN n int;
