-- case: 1
VACUUM FULL orders; -- want rewrite-table
-- case: 2
CLUSTER orders USING orders_pkey; -- want rewrite-table
-- case: 3
ALTER TABLE orders SET UNLOGGED; -- want rewrite-table
-- case: 4
ALTER TABLE orders SET TABLESPACE fast; -- want rewrite-table
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ALTER a SET EXPRESSION AS (b + 1); -- want rewrite-table, not-possible-here
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t SET ACCESS METHOD heap2; -- want rewrite-table
-- case: 7
VACUUM (ANALYZE) orders;
-- case: 8
ALTER TABLE orders CLUSTER ON orders_pkey;
-- case: 9
ALTER TABLE orders SET (fillfactor = 70);
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;
-- case: where it is already
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t SET ACCESS METHOD heap;
ALTER TABLE t SET TABLESPACE pg_default;
-- case: back to where it was
CREATE TABLE t (a int) TABLESPACE fast;
-- schema above
ALTER TABLE t SET TABLESPACE fast;
ALTER TABLE t SET TABLESPACE pg_default; -- want rewrite-table
