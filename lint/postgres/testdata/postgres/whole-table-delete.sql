-- case: 1
DELETE FROM users; -- want whole-table-delete
-- case: 2
DELETE FROM users WHERE deleted_at IS NOT NULL; -- want whole-table-delete
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
DELETE FROM t; -- want whole-table-delete
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
DELETE FROM t WHERE a IS NOT NULL; -- want whole-table-delete
-- case: 5
DELETE FROM users WHERE id = 7; -- want deletes-data
-- case: 6
DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE at < '2020-01-01' LIMIT 1000); -- want deletes-data
-- case: COPY of what a DELETE returns
CREATE TABLE t (id int PRIMARY KEY, n int);
-- schema above
COPY (DELETE FROM t RETURNING *) TO STDOUT; -- want whole-table-delete
-- case: rows stay locked until it is taken back
CREATE TABLE t (id int PRIMARY KEY, n int);
-- schema above
BEGIN;
DELETE FROM t; -- want whole-table-delete
ROLLBACK;
