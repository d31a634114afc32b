-- case: 1
ALTER TABLE users RENAME COLUMN full_name TO display_name; -- want rename
-- case: 2
ALTER TABLE users RENAME TO people; -- want rename
-- case: 3
ALTER TYPE state RENAME VALUE 'new' TO 'open'; -- want rename
-- case: 4
ALTER TABLE users SET SCHEMA archive; -- want rename
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t RENAME TO t2; -- want rename
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t RENAME a TO a2; -- want rename
-- case: 7
ALTER INDEX users_email RENAME TO users_email_key;
-- case: 8
ALTER TABLE users RENAME CONSTRAINT a TO b;
-- case: 9
BEGIN;
SET lock_timeout = '2s';
ALTER TABLE users RENAME TO people;
CREATE VIEW users AS SELECT * FROM people;
COMMIT;
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
-- case: two tables change names
BEGIN;
ALTER TABLE users RENAME TO users_old;
ALTER TABLE users_new RENAME TO users;
COMMIT;
-- case: one after the other, each committed
ALTER TABLE users RENAME TO users_old; -- want rename
ALTER TABLE users_new RENAME TO users; -- want rename
-- case: an empty table takes the name
CREATE TABLE users (id int PRIMARY KEY);
-- schema above
BEGIN;
ALTER TABLE users RENAME TO users_old; -- want rename
CREATE TABLE users (LIKE users_old INCLUDING ALL);
COMMIT;
-- case: the old table becomes a partition of the new one
CREATE TABLE users (id int NOT NULL);
-- schema above
BEGIN;
ALTER TABLE users RENAME TO users_old;
CREATE TABLE users (LIKE users_old) PARTITION BY RANGE (id);
ALTER TABLE users ATTACH PARTITION users_old DEFAULT; -- want attach-partition
COMMIT;
-- case: a function of triggers isn't called by clients
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- schema above
ALTER FUNCTION touch() RENAME TO touch_it;
ALTER FUNCTION plain() RENAME TO simple; -- want rename
-- case: an empty table takes the place of a full one
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
CREATE TABLE t_new (LIKE t INCLUDING ALL);
ALTER TABLE t RENAME TO t_old;
ALTER TABLE t_new RENAME TO t; -- want rename
COMMIT;
-- case: one that was filled takes it
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
CREATE TABLE t_new (LIKE t INCLUDING ALL);
INSERT INTO t_new SELECT * FROM t;
BEGIN;
ALTER TABLE t RENAME TO t_old;
ALTER TABLE t_new RENAME TO t;
COMMIT;
-- case: and one that becomes the parent of the old one
CREATE TABLE t (id int PRIMARY KEY, a text, CONSTRAINT low CHECK (id < 1000 AND id IS NOT NULL));
-- schema above
BEGIN;
CREATE TABLE t_new (id int PRIMARY KEY, a text) PARTITION BY RANGE (id);
ALTER TABLE t RENAME TO t_old;
ALTER TABLE t_new RENAME TO t;
ALTER TABLE t ATTACH PARTITION t_old FOR VALUES FROM (MINVALUE) TO (1000);
COMMIT;
-- case: a new table where the old one was moved away
CREATE SCHEMA attic;
CREATE TABLE t (id int PRIMARY KEY, a text);
-- schema above
BEGIN;
ALTER TABLE t SET SCHEMA attic; -- want rename
CREATE TABLE t (LIKE attic.t INCLUDING ALL);
COMMIT;
-- case: nothing names a type but casts and bodies
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN zip AS text;
CREATE SCHEMA attic;
CREATE TABLE t (m mood, z zip);
-- schema above
ALTER TYPE mood RENAME TO feeling; -- want rename
ALTER DOMAIN zip SET SCHEMA attic; -- want rename
-- case: a body does
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE t (m mood);
CREATE FUNCTION calm() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM t WHERE m = 'a'::mood); END $$;
-- schema above
ALTER TYPE mood RENAME TO feeling; -- want rename
-- case: a default follows its sequence
CREATE SEQUENCE numbers;
CREATE SEQUENCE lonely;
CREATE TABLE t (id bigint DEFAULT nextval('numbers'));
-- schema above
ALTER SEQUENCE numbers RENAME TO figures; -- want rename
ALTER SEQUENCE lonely RENAME TO alone; -- want rename
