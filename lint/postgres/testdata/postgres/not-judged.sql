-- case: 1
ALTER TABLE t FROBNICATE; -- want not-judged
-- case: 2
SELECT 1;
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN q int;
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q date DEFAULT CURRENT_DATE;
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
-- schema above
ALTER TABLE t ADD q bigint REFERENCES p;
-- case: the rest is judged
ALTER TABLE t FROBNICATE; -- want not-judged
DROP TABLE t; -- want drop-object
-- case: a text that doesn't end
SELECT 'abc; -- want not-judged
