-- case: 1
ALTER TABLE users ADD COLUMN country text NOT NULL; -- want add-column-not-null
-- case: 2
ALTER TABLE users ADD COLUMN country text DEFAULT NULL NOT NULL; -- want add-column-not-null
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int NOT NULL; -- want add-column-not-null
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int PRIMARY KEY; -- want add-column-constraint, add-column-not-null, not-possible-here
-- case: 5
ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT 'de';
-- case: 6
ALTER TABLE users ADD COLUMN country text;
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT now();
-- case: 8
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT lower('ABC');
