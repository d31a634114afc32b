-- case: 1
ALTER TABLE orders ADD CONSTRAINT positive CHECK (price > 0); -- want add-check
-- case: 2
ALTER TABLE orders ADD CHECK (price > 0); -- want add-check
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN q int, ADD CONSTRAINT cq CHECK (q > 0); -- want add-check
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD CHECK (a > 0); -- want add-check
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); -- want add-check
-- case: 6
ALTER TABLE orders ADD CONSTRAINT positive CHECK (price > 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT positive;
-- case: 7
CREATE TABLE fresh (a int);
ALTER TABLE fresh ADD CHECK (a > 0);
-- case: 8
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT now();
-- case: 9
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT lower('ABC');
