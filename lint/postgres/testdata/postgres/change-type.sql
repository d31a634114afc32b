-- case: 1
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE bigint; -- want change-type
-- case: 2
CREATE TABLE t (a varchar(50));
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE varchar(20); -- want change-type
-- case: 3
CREATE TABLE t (a varchar(50) CHECK (a <> ''));
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE text; -- want change-type
-- case: 4
CREATE TABLE t (at timestamp);
-- schema above
ALTER TABLE t ALTER COLUMN at TYPE timestamptz; -- want change-type
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ALTER a TYPE bigint; -- want change-type
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ALTER COLUMN a SET DATA TYPE text; -- want change-type
-- case: 7
CREATE TABLE t (a varchar(50));
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE varchar(100);
-- case: 8
CREATE TABLE t (a varchar(50));
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE text;
-- case: 9
CREATE TABLE t (a numeric(10,2));
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE numeric(12,2);
-- case: 10
CREATE TABLE t (at timestamp);
-- schema above
SET TimeZone = 'UTC';
ALTER TABLE t ALTER COLUMN at TYPE timestamptz;
-- case: the same type verifies the CHECK again
CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0), b int);
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE int; -- want change-type
ALTER TABLE t ALTER COLUMN b TYPE int;
-- case: from a domain to a type with a length
CREATE DOMAIN percentage AS numeric(5,2);
CREATE DOMAIN label AS text;
CREATE TABLE t (a percentage, b label, c numeric(5,2));
-- schema above
ALTER TABLE t ALTER COLUMN a TYPE numeric(5,2); -- want change-type
ALTER TABLE t ALTER COLUMN b TYPE text;
ALTER TABLE t ALTER COLUMN c TYPE percentage;
