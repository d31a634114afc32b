-- case: 1
ALTER TABLE users ADD COLUMN email text UNIQUE; -- want add-column-constraint
-- case: 2
ALTER TABLE users ADD COLUMN age int CHECK (age >= 0); -- want add-column-constraint
-- case: 3
ALTER TABLE users ADD COLUMN plan int DEFAULT 1 REFERENCES plans (id); -- want add-column-constraint
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q bigserial UNIQUE; -- want add-column-constraint, add-column-rewrite
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int UNIQUE; -- want add-column-constraint
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int PRIMARY KEY; -- want add-column-constraint, add-column-not-null, not-possible-here
-- case: 7
ALTER TABLE users ADD COLUMN plan int REFERENCES plans (id);
-- case: 8
ALTER TABLE users ADD COLUMN age int;
ALTER TABLE users ADD CONSTRAINT age CHECK (age >= 0) NOT VALID;
-- case: 9
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text[] NOT NULL DEFAULT ARRAY[]::text[];
