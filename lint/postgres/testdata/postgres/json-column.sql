-- case: 1
ALTER TABLE t ADD COLUMN a json; -- want json-column
-- case: 2
CREATE TABLE t (a json); -- want json-column
-- case: 3
ALTER TABLE t ADD COLUMN a jsonb;
-- case: 4
CREATE TABLE t (a jsonb);
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text[] NOT NULL DEFAULT ARRAY[]::text[];
