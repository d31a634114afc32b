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
