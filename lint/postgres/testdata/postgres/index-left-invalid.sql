-- case: 1
CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a); -- want index-left-invalid
-- case: 2
CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON t (b); -- want index-left-invalid
-- case: 3
CREATE INDEX CONCURRENTLY i ON t (a);
-- case: 4
DROP INDEX CONCURRENTLY IF EXISTS i;
CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX ON t (a); -- want create-index
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX CONCURRENTLY i ON t (a) INCLUDE (b) WHERE b > 0;
