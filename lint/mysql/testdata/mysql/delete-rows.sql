-- case: one row
DELETE FROM users WHERE id = 7; -- want delete-rows
-- case: a batch
DELETE FROM logs WHERE at < '2020-01-01' LIMIT 1000; -- want delete-rows
-- case: values
UPDATE users SET phone = NULL WHERE id BETWEEN 1 AND 500; -- want delete-rows
-- case: several columns
UPDATE users SET a = 1, phone = NULL WHERE id = 5; -- want delete-rows
-- case: what is NULL already
UPDATE users SET phone = NULL, a = 1 WHERE phone IS NULL LIMIT 10;
-- case: other values
UPDATE users SET phone = '' WHERE id BETWEEN 1 AND 500;
-- case: the file's own table
CREATE TABLE f (a int);
DELETE FROM f WHERE a = 1;
-- case: no row
DELETE FROM users WHERE FALSE;
DELETE FROM users WHERE 1 = 0;
-- case: the file's own column
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
ALTER TABLE t ADD COLUMN n int DEFAULT 3;
UPDATE t SET n = NULL WHERE id = 3;
-- case: what is called, and what is taken back
CREATE TABLE t (id int PRIMARY KEY, a int, KEY ka (a));
-- schema above
CREATE PROCEDURE sweep(IN n int) COMMENT 'x' MODIFIES SQL DATA DELETE FROM t WHERE a = n;
CALL sweep(3); -- want delete-rows
START TRANSACTION;
DELETE FROM t WHERE id = 3;
ROLLBACK;
START TRANSACTION;
DELETE FROM t WHERE id = 3; -- want delete-rows
COMMIT;
BEGIN;
DELETE FROM t WHERE id = 3; -- want delete-rows
CREATE TABLE u (a int);
ROLLBACK;
-- case: an event
CREATE TABLE t (id int PRIMARY KEY, at date, KEY ka (at));
-- schema above
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE at = CURRENT_DATE; -- want delete-rows
CREATE EVENT f ON SCHEDULE EVERY 1 DAY COMMENT 'x' DO UPDATE t SET at = '2020-01-01' WHERE id = 1;
-- case: an event that does nothing yet
CREATE TABLE t (id int PRIMARY KEY, at date, KEY ka (at));
-- schema above
CREATE EVENT later ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO DELETE FROM t WHERE at = CURRENT_DATE; -- want delete-rows
CREATE EVENT off ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t WHERE at = CURRENT_DATE;
ALTER EVENT off COMMENT 'x';
ALTER EVENT off ENABLE; -- want delete-rows
