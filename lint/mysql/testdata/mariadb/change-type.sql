-- case: 1
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY a bigint; -- want change-type
-- case: 2
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY v varchar(100); -- want change-type
-- case: 3
ALTER TABLE t MODIFY a bigint; -- want change-type
-- case: 4
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t MODIFY a int NOT NULL; -- want change-type, column-needs-value, rows-refused, rows-refused
-- case: 5
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t MODIFY a bigint; -- want change-type
-- case: 6
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t MODIFY a smallint; -- want change-type, rows-refused
-- case: 7
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY v varchar(60);
-- case: 8
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY a int DEFAULT 5;
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
ALTER TABLE t ADD (q int, w int);
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
ALTER TABLE t ADD q int GENERATED ALWAYS AS (a + 2) VIRTUAL;
-- case: a column becomes compressed
CREATE TABLE t (a text);
-- schema above
ALTER TABLE t MODIFY a text COMPRESSED; -- want change-type
-- case: a column stays compressed
CREATE TABLE t (a text COMPRESSED);
-- schema above
ALTER TABLE t MODIFY a text COMPRESSED COMMENT 'x';
-- case: REDUNDANT
CREATE TABLE t (a varchar(60)) CHARSET=utf8mb4 ROW_FORMAT=REDUNDANT;
-- schema above
ALTER TABLE t MODIFY a varchar(200);
-- case: a stored column is copied for a comment, a virtual one isn't
CREATE TABLE t (id int PRIMARY KEY, a int, s int AS (a) STORED);
CREATE TABLE u (id int PRIMARY KEY, a int, v int AS (a) VIRTUAL);
-- schema above
ALTER TABLE t MODIFY s int AS (a) STORED COMMENT 'x'; -- want change-type
ALTER TABLE u MODIFY v int AS (a) VIRTUAL COMMENT 'x';
ALTER TABLE u MODIFY v bigint AS (a) VIRTUAL; -- want change-type
-- case: character sets
CREATE TABLE t (id int PRIMARY KEY, a varchar(20) CHARACTER SET ascii, c char(10) CHARACTER SET utf8mb3, m mediumtext CHARACTER SET utf8mb3) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY a varchar(20) CHARACTER SET utf8mb4; -- want change-type
ALTER TABLE t MODIFY c char(10) CHARACTER SET utf8mb4;
ALTER TABLE t MODIFY m mediumtext CHARACTER SET utf8mb4;
-- case: NOT NULL beside a virtual column
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, n int, v int AS (a) VIRTUAL);
-- schema above
ALTER TABLE t MODIFY a int NOT NULL COMMENT 'x';
ALTER TABLE t MODIFY a int;
