-- case: 1
DROP INDEX orders_user; -- want drop-index
-- case: 2
DROP INDEX IF EXISTS a, b; -- want drop-index
-- case: 3
CREATE INDEX tv ON t (v);
-- schema above
DROP INDEX tv; -- want drop-index
-- case: 4
DROP INDEX t_pkey; -- want drop-index
-- case: 5
DROP INDEX CONCURRENTLY orders_user;
-- case: 6
CREATE TABLE t (a int);
CREATE INDEX i ON t (a);
DROP INDEX i;
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
DROP TABLE t; -- want drop-object
-- case: 8
CREATE TYPE mood AS ENUM ('a','b');
-- schema above
DROP TYPE mood; -- want drop-object
