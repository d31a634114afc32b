-- case: 1
CREATE TABLE users (id int);
-- schema above
CREATE OR REPLACE VIEW users AS SELECT 1 AS id; -- want view-in-place-of-table
-- case: 2
CREATE TABLE users (id int);
-- schema above
CREATE TABLE users (id int); -- want view-in-place-of-table
-- case: 3
CREATE TABLE users (id int);
-- schema above
CREATE TABLE IF NOT EXISTS users (id int);
-- case: 4
CREATE VIEW v AS SELECT 1 AS a;
-- schema above
CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b;
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX IF NOT EXISTS i ON t (a); -- want create-index
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX CONCURRENTLY i ON part (k); -- want create-index
