-- case: left out
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b varchar(3));
-- schema above
INSERT INTO t (id) VALUES (1); -- want invalid-rows
-- case: a trigger gives the value
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b varchar(3));
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
-- schema above
INSERT INTO t (id) VALUES (1);
-- case: too long
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b varchar(3));
-- schema above
UPDATE t SET b = 'four' WHERE id = 1; -- want invalid-rows
-- case: IGNORE cuts it
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b varchar(3));
-- schema above
UPDATE IGNORE t SET b = 'four' WHERE id = 1;
-- case: another number of values
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);
-- schema above
INSERT INTO t (id, a) VALUES (1); -- want invalid-rows
-- case: no such column
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
DELETE FROM t WHERE nope = 1; -- want invalid-rows, whole-table-delete
-- case: generated
CREATE TABLE t (id int PRIMARY KEY, g int AS (id + 1));
-- schema above
UPDATE t SET g = 2 WHERE id = 1; -- want invalid-rows
-- case: nothing is known
INSERT INTO t (id) VALUES ('x');
-- case: no partition
CREATE TABLE t (k int NOT NULL) PARTITION BY LIST (k) (PARTITION p0 VALUES IN (1, 2));
-- schema above
INSERT INTO t (k) VALUES (3); -- want invalid-rows
-- case: SET
CREATE TABLE t (a int NOT NULL, b int);
-- schema above
INSERT INTO t SET a = 1, nope = 2; -- want invalid-rows
INSERT INTO t SET a = 1, b = 2;
-- case: behind ON DUPLICATE KEY UPDATE
CREATE TABLE t (a int PRIMARY KEY, b int);
-- schema above
INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE nope = 2; -- want invalid-rows
-- case: a time with a Z
CREATE TABLE t (a datetime);
-- schema above
INSERT INTO t (a) VALUES ('2024-01-01T10:00:00Z'); -- want invalid-rows
INSERT INTO t (a) VALUES ('2024-01-01T10:00:00');
-- case: a text that is always too long
CREATE TABLE t (id int PRIMARY KEY, a varchar(50));
-- schema above
INSERT INTO t VALUES (1, REPEAT('x', 51)); -- want invalid-rows
INSERT INTO t VALUES (1, REPEAT('x', 50));
UPDATE t SET a = SPACE(60) WHERE id = 1; -- want invalid-rows
UPDATE t SET a = CONCAT(a, 'x') WHERE id = 1;
-- case: a number that was given
CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a int);
CREATE TABLE u (id int PRIMARY KEY, a int);
-- schema above
INSERT INTO t (id, a) VALUES (1, 5); -- want invalid-rows
INSERT INTO t (id, a) VALUES (900000, 5), (NULL, 6), (0, 7);
INSERT INTO t (id, a) VALUES (1, 5) ON DUPLICATE KEY UPDATE a = 5;
INSERT IGNORE INTO t (id, a) VALUES (1, 5);
INSERT INTO u (id, a) VALUES (1, 5);
-- case: a row that moves to no partition
CREATE TABLE h (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at)) (PARTITION a VALUES LESS THAN (2024));
-- schema above
UPDATE h SET at = '2030-01-01' WHERE id = 1; -- want invalid-rows
UPDATE h SET at = '2020-01-01' WHERE id = 1;
