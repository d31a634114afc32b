-- case: 1
ALTER DOMAIN email ADD CONSTRAINT at CHECK (VALUE LIKE '%@%'); -- want domain-constraint
-- case: 2
ALTER DOMAIN email SET NOT NULL; -- want domain-constraint
-- case: 3
ALTER DOMAIN email VALIDATE CONSTRAINT at; -- want domain-constraint
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER DOMAIN posint ADD CONSTRAINT big CHECK (VALUE < 100); -- want domain-constraint
-- case: 5
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER DOMAIN posint SET NOT NULL; -- want domain-constraint
-- case: 6
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER DOMAIN posint VALIDATE CONSTRAINT big; -- want domain-constraint, no-such-object
-- case: 7
ALTER DOMAIN email ADD CONSTRAINT at CHECK (VALUE LIKE '%@%') NOT VALID;
-- case: 8
ALTER DOMAIN email DROP CONSTRAINT at;
-- case: 9
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP;
-- case: a domain that no table uses
CREATE DOMAIN d AS text;
CREATE TABLE t (a int);
-- schema above
ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE <> '');
