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
