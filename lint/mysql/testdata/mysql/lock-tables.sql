-- case: 1
LOCK TABLES users WRITE; -- want lock-tables
-- case: 2
FLUSH TABLES WITH READ LOCK; -- want lock-tables
-- case: 3
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
LOCK TABLES t WRITE; -- want lock-tables
-- case: 4
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
LOCK TABLES t READ; -- want lock-tables
-- case: 5
FLUSH TABLES WITH READ LOCK; -- want lock-tables
-- case: 6
UNLOCK TABLES;
-- case: 7
FLUSH STATUS;
-- case: an index under the lock
LOCK TABLES t WRITE; -- want lock-tables
ALTER TABLE t ADD INDEX (a); -- want index-build, lock-tables
UNLOCK TABLES;
-- case: a read of everything under the lock
LOCK TABLES t READ; -- want lock-tables
SELECT COUNT(*) FROM t; -- want lock-tables
-- case: a moment under the lock
LOCK TABLES t WRITE; -- want lock-tables
ALTER TABLE t ADD COLUMN b int;
UNLOCK TABLES;
ALTER TABLE t ADD INDEX (a); -- want index-build
-- case: a table that isn't locked
LOCK TABLES t WRITE; -- want lock-tables
ALTER TABLE u ADD COLUMN b int; -- want no-such-object
-- case: a read lock
LOCK TABLES t READ; -- want lock-tables
ALTER TABLE t ADD COLUMN b int; -- want no-such-object
-- case: everything is locked for reading
FLUSH TABLES WITH READ LOCK; -- want lock-tables
ALTER TABLE t ADD COLUMN b int; -- want no-such-object
