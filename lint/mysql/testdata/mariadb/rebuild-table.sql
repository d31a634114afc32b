-- case: 1
CREATE TABLE t (a text, FULLTEXT (a));
-- schema above
ALTER TABLE t FORCE; -- want rebuild-table
-- case: 2
CREATE TABLE t (a text, FULLTEXT (a));
-- schema above
ALTER TABLE t ENGINE=InnoDB; -- want rebuild-table
-- case: 3
CREATE TABLE ft (id int PRIMARY KEY, a int, tx text, FULLTEXT ftx (tx));
-- schema above
ALTER TABLE ft FORCE; -- want rebuild-table
-- case: 4
CREATE TABLE ft (id int PRIMARY KEY, a int, tx text, FULLTEXT ftx (tx));
-- schema above
ALTER TABLE ft ENGINE=InnoDB; -- want rebuild-table
-- case: 5
CREATE TABLE ft (id int PRIMARY KEY, a int, tx text, FULLTEXT ftx (tx));
-- schema above
ALTER TABLE ft ROW_FORMAT=COMPACT; -- want rebuild-table
-- case: 6
ALTER TABLE t COMMENT = 'x';
-- case: 7
CREATE TABLE t (a text);
-- schema above
ALTER TABLE t FORCE; -- want online-rebuild
-- case: 8
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q int NOT NULL DEFAULT 0;
-- case: 9
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q text;
-- case: a SPATIAL index
CREATE TABLE t (id int PRIMARY KEY, g point NOT NULL, a int, SPATIAL KEY s (g));
-- schema above
ALTER TABLE t FORCE; -- want rebuild-table
ALTER TABLE t ADD COLUMN q int, ADD INDEX (a); -- want rebuild-table,index-build
ALTER TABLE t ADD COLUMN r int;
