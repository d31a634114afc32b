-- case: 1
REINDEX TABLE orders; -- want reindex
-- case: 2
REINDEX INDEX orders_user; -- want reindex
-- case: 3
REINDEX SCHEMA public; -- want reindex
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
REINDEX TABLE t; -- want reindex
-- case: 5
CREATE INDEX tv ON t (v);
-- schema above
REINDEX INDEX tv; -- want reindex
-- case: 6
REINDEX DATABASE shop; -- want reindex
-- case: 7
REINDEX TABLE CONCURRENTLY orders;
-- case: 8
REINDEX (CONCURRENTLY) INDEX orders_user;
-- case: 9
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
REINDEX TABLE CONCURRENTLY t;
