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
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t MODIFY a bigint; -- want change-type
-- case: 5
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t MODIFY a smallint; -- want change-type, rows-refused
-- case: 6
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t MODIFY a int unsigned; -- want change-type, rows-refused
-- case: 7
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY v varchar(60);
-- case: 8
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY a int DEFAULT 5;
-- case: 9
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE nopk (a int, b int);
-- schema above
ALTER TABLE t ADD q int AFTER a;
-- case: 10
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
ALTER TABLE t ADD q timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP;
-- case: a character set where the schema tells none
CREATE TABLE t (id int PRIMARY KEY, a varchar(20));
-- schema above
ALTER TABLE t MODIFY a varchar(20) CHARACTER SET utf8mb4;
ALTER TABLE t MODIFY a varchar(20) CHARACTER SET ascii; -- want change-type,rows-refused

-- case: another length beside a CHECK of a date
CREATE TABLE t (id int PRIMARY KEY, v varchar(10) NOT NULL, n int, d date, CHECK (d > '2000-01-01')) CHARSET=utf8mb4;
CREATE TABLE u (id int PRIMARY KEY, v varchar(10) NOT NULL, n int, CHECK (n > 0)) CHARSET=utf8mb4;
-- schema above
ALTER TABLE t MODIFY v varchar(20) NOT NULL; -- want change-type
ALTER TABLE u MODIFY v varchar(20) NOT NULL;
