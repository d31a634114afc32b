-- case: 1
-- version: 17
ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a) VIRTUAL; -- want not-on-this-version
-- case: 2
-- version: 17
ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID; -- want not-on-this-version
-- case: 3
-- version: 14
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING; -- want not-on-this-version
-- case: 4
-- version: 17
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int GENERATED ALWAYS AS (a * 2) VIRTUAL; -- want not-on-this-version
-- case: 5
ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a) VIRTUAL;
-- case: 6
-- version: 17
ALTER TABLE t ADD COLUMN b int;
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT now();
-- case: 8
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT lower('ABC');
-- case: functions of 18
-- version: 17
SELECT uuidv7(); -- want not-on-this-version
SELECT gen_random_uuid();
-- case: parts of MERGE
-- version: 15
MERGE INTO t USING (VALUES (1)) v(id) ON v.id = t.id WHEN MATCHED THEN UPDATE SET a = 1 RETURNING t.id; -- want not-on-this-version
-- case: MERGE of 17
-- version: 17
MERGE INTO t USING (VALUES (1)) v(id) ON v.id = t.id WHEN MATCHED THEN UPDATE SET a = 1 RETURNING t.id;
-- case: options, words and numbers of later versions
-- version: 15
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
-- schema above
COPY t FROM '/tmp/x' (ON_ERROR ignore); -- want not-on-this-version
VACUUM (BUFFER_USAGE_LIMIT '2MB') t; -- want not-on-this-version
VACUUM (PROCESS_TOAST false) t;
EXPLAIN (GENERIC_PLAN) SELECT a FROM t WHERE id = $1; -- want not-on-this-version
EXPLAIN (COSTS off) SELECT a FROM t;
SELECT n FROM (SELECT 1 AS n); -- want not-on-this-version
SELECT n FROM (SELECT 1 AS n) AS one;
ALTER TABLE t ALTER COLUMN a SET DEFAULT 1_000; -- want not-on-this-version
ALTER TABLE t ALTER COLUMN a SET DEFAULT 0xFF; -- want not-on-this-version
ALTER TABLE t ALTER COLUMN a SET DEFAULT 1000;
CREATE STATISTICS ON a, b FROM t; -- want not-on-this-version
ALTER TABLE t ADD COLUMN who text DEFAULT SYSTEM_USER; -- want not-on-this-version
ALTER TABLE t ADD COLUMN me text DEFAULT CURRENT_USER;
UPDATE t SET a = 1 WHERE id = 4 RETURNING OLD.a, NEW.a; -- want not-on-this-version
UPDATE t AS new SET a = 1 WHERE id = 4 RETURNING new.a;
SET transaction_timeout = '1s'; -- want not-on-this-version
SET statement_timeout = '1s';
-- case: the same on a later one
-- version: 18
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
-- schema above
VACUUM (BUFFER_USAGE_LIMIT '2MB') t;
ANALYZE ONLY t;
SELECT n FROM (SELECT 1 AS n);
ALTER TABLE t ALTER COLUMN a SET DEFAULT 1_000;
CREATE STATISTICS ON a, b FROM t;
ALTER TABLE t ADD COLUMN who text DEFAULT SYSTEM_USER;
UPDATE t SET a = 1 WHERE id = 4 RETURNING OLD.a, NEW.a;
SET transaction_timeout = '1s';
-- case: EXCLUDE of a partitioned table
-- version: 16
CREATE TABLE t (a int, EXCLUDE USING btree (a WITH =)) PARTITION BY RANGE (a); -- want not-on-this-version
CREATE TABLE u (a int, EXCLUDE USING btree (a WITH =));
