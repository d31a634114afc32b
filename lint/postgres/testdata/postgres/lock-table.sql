-- case: 1
BEGIN;
LOCK TABLE users; -- want lock-table
COMMIT;
-- case: 2
BEGIN;
LOCK TABLE users IN SHARE MODE; -- want lock-table
COMMIT;
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
LOCK TABLE t; -- want lock-table, not-in-transaction
-- case: 4
BEGIN;
LOCK TABLE users IN ROW EXCLUSIVE MODE;
COMMIT;
-- case: 5
BEGIN;
LOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE;
COMMIT;
-- case: a table of the same transaction
BEGIN;
CREATE TABLE m (a int);
LOCK TABLE m IN ACCESS EXCLUSIVE MODE;
COMMIT;
-- case: never given back
BEGIN;
LOCK TABLE users; -- want lock-table,transaction-left-open
