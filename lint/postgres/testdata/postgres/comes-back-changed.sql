-- case: 1
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
BEGIN;
DROP VIEW v;
CREATE VIEW v AS SELECT id FROM t; -- want comes-back-changed
COMMIT;
-- case: 2
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
BEGIN;
ALTER TABLE t RENAME TO t2;
CREATE VIEW t AS SELECT id, a FROM t2; -- want comes-back-changed
COMMIT;
-- case: 3
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
BEGIN;
DROP FUNCTION f;
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'; -- want comes-back-changed
COMMIT;
-- case: 4
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
BEGIN;
DROP VIEW v;
CREATE VIEW v AS SELECT a, id FROM t;
COMMIT;
-- case: 5
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
BEGIN;
ALTER TABLE t RENAME TO t2;
CREATE VIEW t AS SELECT * FROM t2;
COMMIT;
-- case: 6
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
BEGIN;
DROP FUNCTION f;
CREATE FUNCTION f(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMIT;
-- case: without the rights
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON v TO app;
-- schema above
BEGIN;
DROP VIEW v;
CREATE VIEW v AS SELECT a FROM t; -- want comes-back-changed
COMMIT;
-- case: with the rights
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON v TO app;
-- schema above
BEGIN;
DROP VIEW v;
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON v TO app;
COMMIT;
-- case: a view in a table's place that takes no writes
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t AS SELECT DISTINCT id, a FROM u; -- want comes-back-changed
COMMIT;
-- case: nor does one that groups
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t AS SELECT id, a FROM u GROUP BY id, a; -- want comes-back-changed
COMMIT;
-- case: nor one that joins
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE more (id int PRIMARY KEY);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t AS SELECT u.id, u.a FROM u JOIN more ON more.id = u.id; -- want comes-back-changed
COMMIT;
-- case: nor one that ends early, or puts queries together, or reads such a view
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE v (id int PRIMARY KEY, a text);
CREATE TABLE w (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO t1;
CREATE VIEW t AS SELECT id, a FROM t1 LIMIT 1000; -- want comes-back-changed
ALTER TABLE v RENAME TO v1;
CREATE VIEW v AS SELECT id, a FROM v1 UNION ALL SELECT id, a FROM t1; -- want comes-back-changed
ALTER TABLE w RENAME TO w1;
CREATE VIEW w AS SELECT id, a FROM t; -- want comes-back-changed
COMMIT;
-- case: a column that is computed takes no value
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t AS SELECT id, lower(a) AS a FROM u; -- want comes-back-changed
COMMIT;
-- case: one that was computed before may be
CREATE TABLE t (id int PRIMARY KEY, a text, n int GENERATED ALWAYS AS (length(a)) STORED);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t AS SELECT id, a, length(a) AS n FROM u;
COMMIT;
-- case: a materialized view takes no rows
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE MATERIALIZED VIEW t AS SELECT id, a FROM u WHERE id = 1; -- want comes-back-changed
COMMIT;
-- case: a trigger writes instead
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t AS SELECT DISTINCT id, a FROM u;
CREATE TRIGGER put INSTEAD OF INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION put();
COMMIT;
-- case: a simple view takes all that the table took
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t RENAME TO u;
CREATE VIEW t (id, a) AS SELECT id, a FROM u WHERE id > 0;
COMMIT;
-- case: nobody writes through a view that was one before
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE VIEW v AS SELECT id, a FROM t;
-- schema above
BEGIN;
DROP VIEW v;
CREATE VIEW v AS SELECT DISTINCT id, a FROM t;
COMMIT;
