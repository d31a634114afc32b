-- case: 1
ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid(); -- want add-column-rewrite
-- case: 2
ALTER TABLE orders ADD COLUMN seq bigserial; -- want add-column-rewrite
-- case: 3
ALTER TABLE orders ADD COLUMN total numeric GENERATED ALWAYS AS (price * n) STORED; -- want add-column-rewrite
-- case: 4
-- version: 10
ALTER TABLE orders ADD COLUMN state int DEFAULT 0; -- want add-column-rewrite
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int GENERATED ALWAYS AS (a * 2) STORED; -- want add-column-rewrite
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD q uuid DEFAULT gen_random_uuid(); -- want add-column-rewrite
-- case: 7
ALTER TABLE orders ADD COLUMN created timestamptz DEFAULT now();
-- case: 8
ALTER TABLE orders ADD COLUMN state int NOT NULL DEFAULT 0;
-- case: 9
ALTER TABLE orders ADD COLUMN total numeric GENERATED ALWAYS AS (price * n) VIRTUAL;
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;
-- case: a virtual column and a stored one in one statement
-- version: 18
ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL, -- want add-column-rewrite
  ADD COLUMN s int GENERATED ALWAYS AS (a + 1) STORED;
ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL, ADD COLUMN w int GENERATED ALWAYS AS (a + 2);
-- case: a function in SQL goes into the expression, and is what its body is
CREATE TABLE t (a int);
-- schema above
CREATE FUNCTION tier() RETURNS text LANGUAGE sql AS $$ SELECT 'basic'::text $$;
CREATE FUNCTION label(n int) RETURNS text RETURN 'n' || n;
CREATE FUNCTION other() RETURNS text BEGIN ATOMIC SELECT tier(); END;
ALTER TABLE t ADD COLUMN b text DEFAULT tier();
ALTER TABLE t ADD COLUMN c text DEFAULT label(7);
ALTER TABLE t ADD COLUMN d text DEFAULT other();
CREATE FUNCTION strict() RETURNS text LANGUAGE sql STRICT AS $$ SELECT 'x'::text $$;
ALTER TABLE t ADD COLUMN e text DEFAULT strict();
CREATE FUNCTION strict(n int) RETURNS text LANGUAGE sql STRICT AS $$ SELECT 'x' || n $$;
ALTER TABLE t ADD COLUMN f text DEFAULT strict(1);
-- case: a body that is volatile itself, or that stays a call
CREATE TABLE t (a int);
-- schema above
CREATE FUNCTION lot() RETURNS float8 LANGUAGE sql AS $$ SELECT random() $$;
CREATE FUNCTION guarded() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT 'x'::text $$;
CREATE FUNCTION lasting() RETURNS text LANGUAGE sql SET search_path = public AS $$ SELECT 'x'::text $$;
CREATE FUNCTION block() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$;
CREATE FUNCTION first() RETURNS int LANGUAGE sql AS $$ SELECT a FROM t LIMIT 1 $$;
ALTER TABLE t ADD COLUMN b float8 DEFAULT lot(); -- want add-column-rewrite
ALTER TABLE t ADD COLUMN c text DEFAULT guarded(); -- want add-column-rewrite
ALTER TABLE t ADD COLUMN d text DEFAULT lasting(); -- want add-column-rewrite
ALTER TABLE t ADD COLUMN e text DEFAULT block(); -- want add-column-rewrite
ALTER TABLE t ADD COLUMN f int DEFAULT first(); -- want add-column-rewrite
CREATE FUNCTION strict(n int) RETURNS text LANGUAGE sql STRICT AS $$ SELECT coalesce('x' || n, '') $$;
ALTER TABLE t ADD COLUMN g text DEFAULT strict(1); -- want add-column-rewrite
