-- case: 1
DROP TABLE users; -- want drop-object
-- case: 2
DROP VIEW active_users; -- want drop-object
-- case: 3
DROP FUNCTION total(int); -- want drop-object
-- case: 4
DROP SCHEMA shop CASCADE; -- want drop-object
-- case: 5
ALTER TYPE address DROP ATTRIBUTE zip; -- want drop-column, drop-object
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
DROP TABLE t; -- want drop-object
-- case: 7
CREATE TABLE t (a int);
DROP TABLE t;
-- case: 8
DROP TRIGGER audit ON users;
-- case: 9
BEGIN;
DROP VIEW v;
CREATE VIEW v AS SELECT 1 AS a;
COMMIT;
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
-- case: a name in dynamic SQL
CREATE TABLE t (a int);
-- schema above
DO $$ BEGIN EXECUTE format('DROP TABLE %I', 't'); END $$; -- want drop-object
-- case: no name in dynamic SQL
CREATE TABLE t (a int);
-- schema above
DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE 'DROP TABLE ' || quote_ident(r.tablename); END LOOP; END $$; -- want drop-object
-- case: what isn't there
CREATE TABLE t (a int);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
-- schema above
DROP VIEW IF EXISTS nosuch;
DROP TYPE IF EXISTS nosuch;
DROP SCHEMA IF EXISTS nosuch;
DROP FUNCTION IF EXISTS f(text);
DROP EXTENSION IF EXISTS hstore;
DROP FUNCTION IF EXISTS f(int); -- want drop-object
-- case: what the file made, and functions of triggers
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE SCHEMA old;
-- schema above
DROP FUNCTION touch();
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
DROP PROCEDURE p();
CREATE SCHEMA s;
CREATE TABLE s.u (id int);
DROP SCHEMA s CASCADE;
DROP SCHEMA old; -- want drop-object
-- case: a schema of the file's own that holds a table in use
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
CREATE SCHEMA s;
ALTER TABLE t SET SCHEMA s; -- want rename
DROP SCHEMA s CASCADE; -- want drop-object
