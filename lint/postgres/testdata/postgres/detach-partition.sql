-- case: 1
ALTER TABLE logs DETACH PARTITION logs_2020; -- want detach-partition
-- case: 2
CREATE TABLE logs (at date) PARTITION BY RANGE (at);
CREATE TABLE rest PARTITION OF logs DEFAULT;
CREATE TABLE logs_2020 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
-- schema above
ALTER TABLE logs DETACH PARTITION logs_2020 CONCURRENTLY; -- want detach-partition
-- case: 3
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE unk PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
-- schema above
ALTER TABLE part DETACH PARTITION unk; -- want detach-partition
-- case: 4
ALTER TABLE logs DETACH PARTITION logs_2020 CONCURRENTLY; -- want detach-partition
-- case: 5
ALTER TABLE logs DETACH PARTITION logs_2020 FINALIZE;
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text[] NOT NULL DEFAULT ARRAY[]::text[];
-- case: attached again by a wider bound
BEGIN;
ALTER TABLE logs DETACH PARTITION logs_2020;
ALTER TABLE logs ATTACH PARTITION logs_2020 DEFAULT; -- want attach-partition
COMMIT;
-- case: one of the same file
CREATE TABLE n (at date) PARTITION BY RANGE (at);
CREATE TABLE n1 PARTITION OF n DEFAULT;
ALTER TABLE n DETACH PARTITION n1;
