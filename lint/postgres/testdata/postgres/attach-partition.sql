-- case: 1
ALTER TABLE logs ATTACH PARTITION logs_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01'); -- want attach-partition
-- case: 2
CREATE TABLE logs (at date) PARTITION BY RANGE (at);
CREATE TABLE rest PARTITION OF logs DEFAULT;
-- schema above
CREATE TABLE n (at date);
ALTER TABLE logs ATTACH PARTITION n FOR VALUES FROM ('2027-01-01') TO ('2028-01-01'); -- want attach-partition
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE unk (at date NOT NULL, k int);
-- schema above
ALTER TABLE part ATTACH PARTITION unk FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); -- want attach-partition
-- case: 4
CREATE TABLE logs_2027 (LIKE logs);
ALTER TABLE logs ATTACH PARTITION logs_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
-- case: 5
CREATE TABLE logs (at date) PARTITION BY RANGE (at);
CREATE TABLE n (at date NOT NULL, CONSTRAINT c CHECK (at >= '2027-01-01' AND at < '2028-01-01'));
-- schema above
ALTER TABLE logs ATTACH PARTITION n FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
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
-- case: a DEFAULT partition whose CHECK excludes the others
CREATE TABLE logs (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_2027 PARTITION OF logs FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE rest (at date NOT NULL, CONSTRAINT c CHECK (at < '2027-01-01'));
CREATE TABLE bare (at date NOT NULL);
-- schema above
ALTER TABLE logs ATTACH PARTITION rest DEFAULT;
ALTER TABLE logs DETACH PARTITION rest; -- want detach-partition
ALTER TABLE logs ATTACH PARTITION bare DEFAULT; -- want attach-partition
