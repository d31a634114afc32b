-- case: 1
UPDATE users SET active = true; -- want whole-table-update
-- case: 2
UPDATE users SET country = 'de' WHERE country IS NULL; -- want whole-table-update
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
UPDATE t SET a = 1; -- want whole-table-update
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
UPDATE t SET a = 1 WHERE a IS NULL; -- want whole-table-update
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
UPDATE t SET a = 1 WHERE true; -- want whole-table-update
-- case: 6
UPDATE users SET active = true WHERE id BETWEEN 1 AND 1000;
-- case: 7
UPDATE settings SET value = 'x' WHERE name = 'color';
-- case: 8
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
-- schema above
UPDATE t SET a = 1 WHERE id > 5 AND id <= 10;
-- case: MERGE of two tables
MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED THEN UPDATE SET note = c.name; -- want whole-table-update
-- case: MERGE of a list
MERGE INTO orders o USING (VALUES (1, 'a')) v(id, note) ON v.id = o.id WHEN MATCHED THEN UPDATE SET note = v.note WHEN NOT MATCHED THEN INSERT (id, note) VALUES (v.id, v.note);
-- case: MERGE that only inserts
MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN NOT MATCHED THEN INSERT (id) VALUES (c.id);
-- case: a bound on the other table
UPDATE orders o SET note = c.name FROM customers c WHERE c.id = o.customer_id AND c.country = 'DE'; -- want whole-table-update
-- case: a bound on the table itself
UPDATE orders o SET note = c.name FROM customers c WHERE c.id = o.customer_id AND o.id BETWEEN 1 AND 500;
-- case: rows of a list
UPDATE orders o SET note = v.note FROM (VALUES (1, 'a'), (2, 'b')) v(id, note) WHERE v.id = o.id;
-- case: a range that no index serves
CREATE TABLE orders (id bigint PRIMARY KEY, placed date NOT NULL, note text);
-- schema above
UPDATE orders SET note = 'old' WHERE placed >= '2024-01-01' AND placed < '2024-02-01'; -- want whole-table-update
-- case: a range that an index serves
CREATE TABLE orders (id bigint PRIMARY KEY, placed date NOT NULL, note text);
CREATE INDEX ON orders (placed);
-- schema above
UPDATE orders SET note = 'old' WHERE placed >= '2024-01-01' AND placed < '2024-02-01';
-- case: everything before a day
UPDATE orders SET note = 'old' WHERE placed < '2024-02-01'; -- want whole-table-update
-- case: one of two values
CREATE TABLE orders (id bigint PRIMARY KEY, done boolean NOT NULL, note text);
-- schema above
UPDATE orders SET note = 'x' WHERE done = true; -- want whole-table-update
-- case: SELECT FOR UPDATE
SELECT count(*) FROM (SELECT 1 FROM jobs FOR UPDATE) q; -- want whole-table-update
-- case: SELECT FOR UPDATE with a limit
SELECT id FROM jobs ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED;
-- case: rows put over others
INSERT INTO totals (day, n) SELECT placed, count(*) FROM orders GROUP BY placed ON CONFLICT (day) DO UPDATE SET n = excluded.n; -- want whole-table-update
-- case: a few rows put over others
INSERT INTO totals (day, n) VALUES ('2024-01-01', 1) ON CONFLICT (day) DO UPDATE SET n = excluded.n;
-- case: batches of one transaction
DO $$
DECLARE low bigint := 0;
BEGIN
  WHILE low < 100000 LOOP
    UPDATE users SET age = 0 WHERE id > low AND id <= low + 500; -- want whole-table-update
    low := low + 500;
  END LOOP;
END $$;
-- case: batches that are committed
DO $$
DECLARE low bigint := 0;
BEGIN
  WHILE low < 100000 LOOP
    UPDATE users SET age = 0 WHERE id > low AND id <= low + 500;
    COMMIT;
    low := low + 500;
  END LOOP;
END $$;
-- case: EXPLAIN ANALYZE carries it out
CREATE TABLE t (id int PRIMARY KEY, n int);
-- schema above
EXPLAIN ANALYZE UPDATE t SET n = n + 1; -- want whole-table-update
EXPLAIN UPDATE t SET n = n + 1;
EXPLAIN (ANALYZE off, COSTS off) UPDATE t SET n = n + 1;
EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET n = n + 1 WHERE id = 4;
-- case: and so does EXECUTE
CREATE TABLE t (id int PRIMARY KEY, n int);
-- schema above
PREPARE every AS UPDATE t SET n = n + 1;
PREPARE one (int) AS UPDATE t SET n = n + 1 WHERE id = $1;
EXECUTE one (4);
EXECUTE every; -- want whole-table-update
DEALLOCATE every;
EXECUTE every;
-- case: a loop that counts to a small number
CREATE TABLE t (id int PRIMARY KEY, n int);
-- schema above
DO $$ BEGIN FOR i IN 1..12 LOOP UPDATE t SET n = 1 WHERE id = i; END LOOP; END $$;
DO $$ BEGIN FOR i IN 1..12 LOOP UPDATE t SET n = 1 WHERE n > i; END LOOP; END $$; -- want whole-table-update
DO $$ BEGIN FOR i IN 1..900000 LOOP UPDATE t SET n = 1 WHERE id = i; END LOOP; END $$; -- want whole-table-update
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM t LOOP FOR i IN 1..3 LOOP UPDATE t SET n = i WHERE id = r.id; END LOOP; END LOOP; END $$; -- want whole-table-update
