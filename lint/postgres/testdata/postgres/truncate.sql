-- case: 1
TRUNCATE orders; -- want truncate
-- case: 2
TRUNCATE TABLE a, b RESTART IDENTITY CASCADE; -- want truncate
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
TRUNCATE t; -- want truncate
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
TRUNCATE ONLY t CASCADE; -- want truncate
-- case: 5
CREATE TABLE t (a int);
TRUNCATE t;
-- case: 6
CREATE TEMP TABLE t (a int);
TRUNCATE t;
