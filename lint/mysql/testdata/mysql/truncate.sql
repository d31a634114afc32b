-- case: 1
TRUNCATE orders; -- want truncate
-- case: 2
TRUNCATE TABLE shop.orders; -- want truncate
-- case: 3
CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int, n int NOT NULL DEFAULT 1, v varchar(50), v2 varchar(300), u3 varchar(20) CHARACTER SET utf8mb3, ui varchar(20) CHARACTER SET utf8mb3, l1 varchar(20) CHARACTER SET latin1, e enum('a','b'), s set('a','b'), tx text, g int AS (id + 1) VIRTUAL, gs int AS (id + 1) STORED, dt datetime, de decimal(10,2), c char(10), vb varbinary(50), bl blob, un int unsigned, pt point NOT NULL SRID 0, pid int, fl float, db double, ti tinyint, bt bit(4), j json, yr year, tm time, da date, KEY ui (ui), KEY vk (v), KEY nk (n)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- schema above
TRUNCATE TABLE t; -- want truncate
-- case: 4
CREATE TABLE f (a int);
TRUNCATE f;
-- case: 5
DELETE FROM orders WHERE id = 7; -- want delete-rows
-- case: in a procedure that is called
DELIMITER //
CREATE PROCEDURE empty_it()
BEGIN
  IF 1 = 1 THEN
    TRUNCATE TABLE t;
  END IF;
END//
DELIMITER ;
CALL empty_it(); -- want truncate
DROP PROCEDURE empty_it;
