-- case: a trigger that raises
CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000'; -- want writes-refused
-- case: a trigger that fills
CREATE TRIGGER yes BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
-- case: a view loses a column
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a, b FROM t;
-- schema above
CREATE OR REPLACE VIEW v AS SELECT a FROM t; -- want writes-refused
-- case: a view gets a column
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a FROM t;
-- schema above
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t;
-- case: the trigger that filled a column goes
CREATE TABLE t (a int, b int NOT NULL);
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1;
-- schema above
DROP TRIGGER g; -- want writes-refused
-- case: a trigger goes that filled nothing
CREATE TABLE t (a int, b int NOT NULL);
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
-- schema above
DROP TRIGGER g;
-- case: read-only
SET GLOBAL read_only = 1; -- want writes-refused
-- case: a foreign key without a look at the rows
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, pid int);
-- schema above
SET foreign_key_checks = 0;
ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p (id); -- want writes-refused
-- case: a foreign key of a new column
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY);
-- schema above
ALTER TABLE c ADD COLUMN pid int;
SET foreign_key_checks = 0;
ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p (id);
-- case: a foreign key to a table without rows
CREATE TABLE c (id int PRIMARY KEY, pid int);
-- schema above
CREATE TABLE p (id int PRIMARY KEY);
SET foreign_key_checks = 0;
ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p (id); -- want writes-refused
-- case: a trigger that only trims
CREATE TABLE t (a int, b varchar(20) NOT NULL);
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = TRIM(NEW.b);
-- schema above
DROP TRIGGER g;
-- case: a trigger whose own INSERT is refused
CREATE TABLE t (a int);
CREATE TABLE log (a int NOT NULL, b int NOT NULL);
-- schema above
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW INSERT INTO log (a) VALUES (NEW.a); -- want writes-refused
-- case: a trigger whose own INSERT is fine
CREATE TABLE t (a int);
CREATE TABLE log (a int NOT NULL, b int);
-- schema above
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW INSERT INTO log (a) VALUES (NEW.a);
-- case: a trigger that gives a column what it doesn't take
CREATE TABLE t (e enum('a','b') NOT NULL);
-- schema above
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.e = 'z'; -- want writes-refused
-- case: a trigger that calls nothing
CREATE TABLE t (a int);
-- schema above
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW CALL nobody(); -- want writes-refused
-- case: the last number
CREATE TABLE t (id mediumint unsigned AUTO_INCREMENT PRIMARY KEY);
CREATE TABLE u (id int AUTO_INCREMENT PRIMARY KEY);
-- schema above
ALTER TABLE t AUTO_INCREMENT = 16777215; -- want writes-refused
ALTER TABLE t AUTO_INCREMENT = 16000000;
ALTER TABLE u AUTO_INCREMENT = 2147483647; -- want writes-refused
ALTER TABLE u AUTO_INCREMENT = 5000;
-- case: a text that is always too long
CREATE TABLE t (id int PRIMARY KEY, label varchar(64) NOT NULL);
CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, what varchar(100) NOT NULL);
-- schema above
CREATE TRIGGER a AFTER UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES (REPEAT(NEW.label, 101)); -- want writes-refused
CREATE TRIGGER b AFTER UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES (CONCAT(NEW.id, ': ', NEW.label));
CREATE TRIGGER c BEFORE UPDATE ON t FOR EACH ROW SET NEW.label = CONCAT(UUID(), UUID()); -- want writes-refused
CREATE TRIGGER d BEFORE UPDATE ON t FOR EACH ROW SET NEW.label = CONCAT(UUID(), '-', NEW.label);
-- case: a key that comes again
CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, shop int NOT NULL);
CREATE TABLE sum (shop int PRIMARY KEY, n int NOT NULL DEFAULT 0);
CREATE TABLE seen (t_id int PRIMARY KEY);
-- schema above
CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW INSERT INTO sum (shop) VALUES (NEW.shop); -- want writes-refused
CREATE TRIGGER b AFTER INSERT ON t FOR EACH ROW INSERT INTO sum (shop) VALUES (NEW.shop) ON DUPLICATE KEY UPDATE n = n + 1;
CREATE TRIGGER c AFTER INSERT ON t FOR EACH ROW INSERT INTO seen VALUES (NEW.id);
CREATE TRIGGER d AFTER UPDATE ON t FOR EACH ROW INSERT INTO seen VALUES (NEW.id); -- want writes-refused
CREATE TRIGGER e AFTER UPDATE ON t FOR EACH ROW INSERT IGNORE INTO seen VALUES (NEW.id);
-- case: a query of a table that isn't there
CREATE TABLE t (id int PRIMARY KEY, a int, at date);
-- schema above
CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.a = (SELECT MAX(a) FROM gone); -- want writes-refused
CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET NEW.a = (SELECT EXTRACT(YEAR FROM at) FROM t WHERE id = NEW.id);
-- case: a routine that takes other arguments
CREATE TABLE t (id int PRIMARY KEY);
CREATE PROCEDURE p(IN a int) SELECT a INTO @a;
-- schema above
CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW CALL p(); -- want writes-refused
CREATE TRIGGER b AFTER INSERT ON t FOR EACH ROW CALL p(NEW.id);
-- case: a trigger that writes to a whole table
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE TABLE sum (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
-- schema above
CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW UPDATE sum SET n = n + 1; -- want writes-refused
CREATE TRIGGER b AFTER INSERT ON t FOR EACH ROW UPDATE sum SET n = n + 1 WHERE id = NEW.a;
-- case: a definer that isn't there
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON shop.t TO 'app'@'%';
-- schema above
CREATE DEFINER='nobody'@'%' TRIGGER a AFTER INSERT ON t FOR EACH ROW SET @a = 1; -- want writes-refused
CREATE OR REPLACE DEFINER='nobody'@'localhost' VIEW v AS SELECT a FROM t; -- want writes-refused
CREATE DEFINER='app'@'%' TRIGGER b AFTER INSERT ON t FOR EACH ROW SET @a = 1;
CREATE DEFINER=CURRENT_USER TRIGGER c AFTER INSERT ON t FOR EACH ROW SET @a = 1;
CREATE DEFINER=`root`@`localhost` TRIGGER d AFTER INSERT ON t FOR EACH ROW SET @a = 1;
CREATE USER 'made'@'%' IDENTIFIED BY 'x';
CREATE DEFINER=made@`%` TRIGGER e AFTER INSERT ON t FOR EACH ROW SET @a = 1;
-- case: nobody knows the accounts
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE DEFINER='nobody'@'%' TRIGGER a AFTER INSERT ON t FOR EACH ROW SET @a = 1;
