-- case: 1
ALTER TABLE users DROP COLUMN age; -- want drop-column
-- case: 2
ALTER TABLE users DROP COLUMN IF EXISTS age CASCADE; -- want drop-column
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t DROP COLUMN a; -- want drop-column
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t DROP a CASCADE; -- want drop-column
-- case: 5
ALTER TYPE comp DROP ATTRIBUTE z; -- want drop-column, drop-object
-- case: 6
ALTER TABLE users ADD COLUMN age int;
ALTER TABLE users DROP COLUMN age;
-- case: 7
ALTER TABLE users DROP CONSTRAINT users_age_check;
-- case: 8
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
-- case: 9
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text[] NOT NULL DEFAULT ARRAY[]::text[];
-- case: in a DO block
DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_attribute WHERE attname = 'a') THEN
    ALTER TABLE t DROP COLUMN a; -- want drop-column
  END IF;
END
$$;
-- case: by EXECUTE
DO $$ BEGIN
  EXECUTE format('ALTER TABLE %I DROP COLUMN a', 't'); -- want drop-column
END $$;
-- case: a procedure that is called
CREATE PROCEDURE p1() LANGUAGE plpgsql AS $$
BEGIN
  ALTER TABLE t DROP COLUMN a;
END $$;
CALL p1(); -- want drop-column
-- case: a procedure that is not
CREATE PROCEDURE p1() LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN a; END $$;
-- case: taken back
BEGIN;
ALTER TABLE users DROP COLUMN age;
ROLLBACK;
-- case: taken back, and then meant
CREATE TABLE users (id int PRIMARY KEY, age int);
-- schema above
BEGIN;
ALTER TABLE users DROP COLUMN age;
ROLLBACK;
ALTER TABLE users DROP COLUMN age; -- want drop-column
-- case: taken back to a savepoint
CREATE TABLE users (id int PRIMARY KEY, age int);
-- schema above
BEGIN;
SAVEPOINT s;
ALTER TABLE users DROP COLUMN age;
ROLLBACK TO SAVEPOINT s;
ALTER TABLE users ADD COLUMN age int; -- want no-such-object
COMMIT;
-- case: no such table
CREATE TABLE users (id int PRIMARY KEY, age int);
-- schema above
ALTER TABLE IF EXISTS people DROP COLUMN age;
