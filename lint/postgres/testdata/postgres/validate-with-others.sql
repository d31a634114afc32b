-- case: 1
ALTER TABLE t VALIDATE CONSTRAINT c, ALTER COLUMN a SET NOT NULL; -- want set-not-null, validate-with-others
-- case: 2
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT c; -- want validate-with-others
-- case: 3
ALTER TABLE t VALIDATE CONSTRAINT c;
ALTER TABLE t DROP CONSTRAINT d;
-- case: 4
ALTER TABLE t VALIDATE CONSTRAINT c, VALIDATE CONSTRAINT d;
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN q int;
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q date DEFAULT CURRENT_DATE;
