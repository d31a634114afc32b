-- case: 1
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ALTER COLUMN b SET DEFAULT 1; -- want no-such-object
-- case: 2
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ADD COLUMN a int; -- want no-such-object
-- case: 3
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t VALIDATE CONSTRAINT c; -- want no-such-object
-- case: 4
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;
-- case: 5
ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT now();
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT lower('ABC');
-- case: an index by a name that the server would give
CREATE TABLE users (id int PRIMARY KEY, a int);
CREATE INDEX ON users (a);
CREATE INDEX ON users (a) INCLUDE (id);
CREATE INDEX ON users (lower(a::text), (a + 1));
-- schema above
DROP INDEX users_old_idx; -- want no-such-object
DROP INDEX users_a_idx; -- want drop-index
DROP INDEX users_a_id_idx; -- want drop-index
DROP INDEX users_lower_expr_idx; -- want drop-index
-- case: the second one gets a number
CREATE TABLE users (id int PRIMARY KEY, a int);
CREATE INDEX ON users (a);
CREATE INDEX ON users (a);
-- schema above
DROP INDEX users_a_idx1; -- want drop-index
DROP INDEX users_a_idx2; -- want no-such-object
-- case: a condition asks first
CREATE TABLE users (id int PRIMARY KEY, a int);
-- schema above
DO $$ BEGIN IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'a') THEN ALTER TABLE users ADD COLUMN a int NOT NULL; END IF; END $$;
-- case: the error is caught
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE t (m mood);
-- schema above
DO $$ BEGIN CREATE TYPE mood AS ENUM ('ok'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
-- case: another error is caught
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE t (m mood);
-- schema above
DO $$ BEGIN CREATE TYPE mood AS ENUM ('ok'); EXCEPTION WHEN undefined_table THEN NULL; END $$; -- want no-such-object
-- case: names differ by case
CREATE TABLE t ("Name" text, a int);
-- schema above
ALTER TABLE t ALTER COLUMN name SET DEFAULT ''; -- want no-such-object
ALTER TABLE t ALTER COLUMN "Name" SET DEFAULT '';
-- case: what has no kind of its own in the files
CREATE TABLE t (a int);
-- schema above
CALL nosuch(); -- want no-such-object
ALTER EXTENSION hstore UPDATE; -- want no-such-object
ALTER STATISTICS nosuch SET STATISTICS 100; -- want no-such-object
ANALYZE t (nosuch); -- want no-such-object
-- case: names of expressions and of the parts of a partitioned table
CREATE TABLE t (id int NOT NULL, at date NOT NULL, a int, CHECK (a > 0), CHECK (a < 9)) PARTITION BY RANGE (at);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE INDEX ON t (greatest(a, 1), nullif(a, 2), (ARRAY[a]), (a || 'x'));
ALTER TABLE t ADD PRIMARY KEY (id, at);
-- schema above
COMMENT ON INDEX t1_greatest_nullif_array_expr_idx IS 'a';
COMMENT ON CONSTRAINT t1_pkey ON t1 IS 'a';
COMMENT ON CONSTRAINT t_a_check1 ON t1 IS 'a';
COMMENT ON CONSTRAINT t_a_check2 ON t IS 'a'; -- want no-such-object
-- case: NOT NULL has a name since 18
-- version: 17
CREATE TABLE t (a int NOT NULL);
-- schema above
ALTER TABLE t DROP CONSTRAINT t_a_not_null; -- want no-such-object
-- case: NOT NULL has a name on 18
-- version: 18
CREATE TABLE t (a int NOT NULL);
-- schema above
ALTER TABLE t DROP CONSTRAINT t_a_not_null;
-- case: functions of event triggers
CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
-- schema above
CREATE EVENT TRIGGER a ON ddl_command_start EXECUTE FUNCTION f(); -- want no-such-object
CREATE EVENT TRIGGER b ON ddl_command_start EXECUTE FUNCTION g(); -- want no-such-object
CREATE EVENT TRIGGER c ON ddl_command_start EXECUTE FUNCTION e();
-- case: search_path leads elsewhere
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('a');
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE app.u (id int PRIMARY KEY);
-- schema above
SET search_path = '';
ALTER TABLE t ADD COLUMN a text; -- want no-such-object
ALTER TABLE public.t ADD COLUMN c text;
CREATE TABLE v (id int); -- want no-such-object
SET search_path = app;
ALTER TABLE t ADD COLUMN b text; -- want no-such-object
ALTER TABLE u ADD COLUMN m mood; -- want no-such-object
DROP INDEX IF EXISTS nothing;
SELECT pg_catalog.set_config('search_path', 'app, public', false);
ALTER TABLE t ADD COLUMN d text;
ALTER TABLE u ADD COLUMN n mood;
-- case: with LOCAL it lasts as long as the transaction
CREATE SCHEMA app;
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE app.u (id int PRIMARY KEY);
-- schema above
BEGIN;
SET LOCAL search_path = app;
ALTER TABLE u ADD COLUMN a text;
CREATE TABLE w (id int);
DROP TABLE w;
COMMIT;
ALTER TABLE t ADD COLUMN a text;
-- case: what is temporary, and what a query names itself, is found
CREATE SCHEMA app;
CREATE TABLE app.u (id int PRIMARY KEY);
CREATE TABLE t (id int);
-- schema above
SET search_path = app;
CREATE TEMP TABLE few (id int);
INSERT INTO few VALUES (1);
INSERT INTO u (id) SELECT id FROM few;
INSERT INTO u (id) WITH t AS (SELECT 5 AS id) SELECT id FROM t;
-- case: a path that may be anybody's
CREATE SCHEMA app;
CREATE TABLE app.u (id int PRIMARY KEY);
-- schema above
SET search_path = "$user", public;
ALTER TABLE u ADD COLUMN a text;
