-- case: 1
ALTER TABLE users ALTER COLUMN email SET NOT NULL; -- want set-not-null
-- case: 2
-- version: 11
CREATE TABLE users (email text, CONSTRAINT e CHECK (email IS NOT NULL));
-- schema above
ALTER TABLE users ALTER COLUMN email SET NOT NULL; -- want set-not-null
-- case: 3
ALTER TABLE users ADD CONSTRAINT e NOT NULL email; -- want set-not-null
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ALTER a SET NOT NULL; -- want set-not-null
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD CONSTRAINT k NOT NULL a; -- want set-not-null
-- case: 6
ALTER TABLE users ADD CONSTRAINT e CHECK (email IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT e;
ALTER TABLE users ALTER COLUMN email SET NOT NULL;
-- case: 7
CREATE TABLE users (email text NOT NULL);
-- schema above
ALTER TABLE users ALTER COLUMN email SET NOT NULL;
-- case: 8
ALTER TABLE users ADD CONSTRAINT e NOT NULL email NOT VALID;
-- case: 9
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP;
-- case: NOT VALID means nothing in CREATE TABLE
CREATE TABLE t (id int PRIMARY KEY, v int, CONSTRAINT there CHECK (v IS NOT NULL) NOT VALID);
-- schema above
ALTER TABLE t ALTER COLUMN v SET NOT NULL;
