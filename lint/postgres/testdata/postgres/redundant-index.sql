-- case: 1
CREATE TABLE t (a int, b int);
CREATE INDEX ab ON t (a, b);
-- schema above
CREATE INDEX CONCURRENTLY a ON t (a); -- want redundant-index
-- case: 2
CREATE TABLE t (id int PRIMARY KEY);
CREATE INDEX i ON t (id); -- want redundant-index
-- case: 3
CREATE TABLE t (a int, b int);
CREATE INDEX ab ON t (a, b);
-- schema above
CREATE INDEX CONCURRENTLY b ON t (b);
-- case: 4
CREATE TABLE t (a int, b int);
CREATE INDEX ab ON t (a, b);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY a ON t (a);
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX IF NOT EXISTS tv ON t (v);
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX i ON part (k); -- want create-index
