-- case: 1
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; -- want refuses-writes
-- case: 2
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (b IN ('open', 'closed')) NOT VALID; -- want refuses-writes
-- case: 3
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
CREATE PUBLICATION q FOR TABLE bare; -- want refuses-writes
-- case: 4
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING; -- want refuses-writes
-- case: 5
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
ALTER TABLE t REPLICA IDENTITY NOTHING; -- want refuses-writes
-- case: 6
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (a >= 0) NOT VALID;
-- case: 7
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (b <> '') NOT VALID;
-- case: 8
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
ALTER TABLE bare REPLICA IDENTITY FULL;
CREATE PUBLICATION q FOR TABLE bare;
-- case: 9
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text NOT NULL DEFAULT 'new');
CREATE TABLE bare (a int, b int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PUBLICATION p FOR TABLE t;
-- schema above
CREATE PUBLICATION q FOR TABLE t;
-- case: a rule for DELETE
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING;
-- case: a CHECK on a column of the same file that clients leave out
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
ALTER TABLE t ADD COLUMN a int;
ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; -- want refuses-writes
-- case: a CHECK on a column of the same statement
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
ALTER TABLE t ADD COLUMN a int, ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; -- want refuses-writes
-- case: NULL passes the CHECK
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
ALTER TABLE t ADD COLUMN a int, ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
-- case: one value for a unique column
CREATE TABLE t (id serial PRIMARY KEY, n int);
-- schema above
ALTER TABLE t ALTER COLUMN id SET DEFAULT 1; -- want refuses-writes
ALTER TABLE t ALTER COLUMN n SET DEFAULT 1;
-- case: a trigger's function names a field that the table doesn't have
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := 1; RETURN NEW; END $$;
-- schema above
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."A" := 1; RETURN NEW; END $$; -- want refuses-writes
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.A := 1; IF OLD.id <> NEW.id THEN RETURN OLD; END IF; RETURN NEW; END $$;
CREATE TRIGGER other BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION other(); -- want refuses-writes
-- case: a trigger's function that asks for the table may be meant for another one
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_TABLE_NAME = 'u' THEN NEW.b := 1; END IF; RETURN NEW; END $$;
-- schema above
CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- case: a trigger for each statement has no NEW to write to either
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := 1; RETURN NEW; END $$;
-- schema above
CREATE TRIGGER f AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f(); -- want refuses-writes
-- case: a trigger before the row may give another value than the default
CREATE TABLE t (a int DEFAULT 0, b int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := coalesce(NEW.b, 1); RETURN NEW; END $$;
CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
-- case: a new column that a trigger fills
CREATE TABLE t (id int PRIMARY KEY, b int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := NEW.b; RETURN NEW; END $$;
-- schema above
ALTER TABLE t ADD COLUMN a int;
CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;
-- case: a trigger for UPDATE alone fills nothing
CREATE TABLE t (a int DEFAULT 0, b int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := 1; RETURN NEW; END $$;
CREATE TRIGGER f BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; -- want refuses-writes
-- case: a CHECK that no row passes
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b boolean NOT NULL);
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (false) NOT VALID; -- want refuses-writes
ALTER TABLE t ADD CONSTRAINT d CHECK (1 = 2) NOT VALID; -- want refuses-writes
ALTER TABLE t ADD CONSTRAINT e CHECK (id IS NULL AND b) NOT VALID; -- want refuses-writes
-- case: CHECKs that some rows pass
CREATE TABLE t (id int PRIMARY KEY, a text, b boolean NOT NULL);
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NULL) NOT VALID;
ALTER TABLE t ADD CONSTRAINT d CHECK (NOT b OR id > 3) NOT VALID;
ALTER TABLE t ADD CONSTRAINT e CHECK (id IN (id, 3)) NOT VALID;
ALTER TABLE t ADD CONSTRAINT f CHECK (NOT (b AND id IS NULL)) NOT VALID;
ALTER TABLE t ADD CONSTRAINT g CHECK (NULL) NOT VALID;
-- case: texts of defaults
CREATE TABLE t (id int, state text NOT NULL DEFAULT 'held');
-- schema above
ALTER TABLE t ADD CONSTRAINT c CHECK (state LIKE 'b%') NOT VALID; -- want refuses-writes
ALTER TABLE t ADD CONSTRAINT d CHECK (state ~ '^[A-Z]+$') NOT VALID; -- want refuses-writes
ALTER TABLE t ADD CONSTRAINT e CHECK (length(state) > 10) NOT VALID; -- want refuses-writes
ALTER TABLE t ADD CONSTRAINT f CHECK (state LIKE 'h__d') NOT VALID;
ALTER TABLE t ADD CONSTRAINT g CHECK (state !~ '[0-9]') NOT VALID;
ALTER TABLE t ADD CONSTRAINT h CHECK (length(state) BETWEEN 1 AND 10) NOT VALID;
-- case: a domain's CHECK
CREATE DOMAIN pos AS int;
CREATE TABLE t (id int PRIMARY KEY, n pos NOT NULL DEFAULT 0);
-- schema above
ALTER DOMAIN pos ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID; -- want refuses-writes
ALTER DOMAIN pos ADD CONSTRAINT d CHECK (VALUE >= 0) NOT VALID;
ALTER DOMAIN pos ADD CONSTRAINT e CHECK (false) NOT VALID; -- want refuses-writes
-- case: a trigger that writes to what isn't there
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE audit (at timestamptz, id int);
-- schema above
CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t_audit (id) VALUES (NEW.id); RETURN NEW; END $$;
CREATE FUNCTION misnamed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'INSERT' THEN INSERT INTO audit (op, id) VALUES (TG_OP, NEW.id); END IF; RETURN NEW; END $$;
CREATE FUNCTION uncalled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM noted(NEW.id); RETURN NEW; END $$;
CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION gone(); -- want refuses-writes
CREATE TRIGGER two AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION misnamed(); -- want refuses-writes
CREATE TRIGGER three AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION uncalled(); -- want refuses-writes
-- case: triggers whose functions run
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE audit (at timestamptz, id int);
-- schema above
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (at, id) VALUES (now(), NEW.id); INSERT INTO audit SELECT now(), NEW.*; RETURN NEW; END $$;
CREATE FUNCTION careful() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t_audit (id) VALUES (NEW.id); RETURN NEW; EXCEPTION WHEN undefined_table THEN RETURN NEW; END $$;
CREATE FUNCTION asking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF to_regclass('t_audit') IS NOT NULL THEN INSERT INTO t_audit (id) VALUES (NEW.id); END IF; RETURN NEW; END $$;
CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION noted();
CREATE TRIGGER two AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION careful();
CREATE TRIGGER three AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION asking();
-- case: the table comes in the same transaction
CREATE TABLE t (id int PRIMARY KEY);
-- schema above
BEGIN;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t_audit (id) VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION noted();
CREATE TABLE t_audit (id int);
COMMIT;
-- case: a new body of what is called already
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION put(a int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (id) VALUES (a); END $$;
CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t_queue WHERE id = NEW.id; RETURN NEW; END $$; -- want refuses-writes
CREATE OR REPLACE FUNCTION put(a int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (id, at) VALUES (a, now()); END $$; -- want refuses-writes
CREATE OR REPLACE FUNCTION put(a int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (id) VALUES (a) ON CONFLICT (id) DO NOTHING; END $$;
CREATE FUNCTION new_one() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO nowhere (id) VALUES (1); END $$;
-- case: a new body that raises whatever comes
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed'; END $$; -- want refuses-writes
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id < 0 THEN RAISE EXCEPTION 'closed'; END IF; RETURN NEW; END $$;
-- case: a function sees the rows of a statement as a table
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE t_log (id int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER one AFTER DELETE ON t REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION f();
-- schema above
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t_log (id) SELECT id FROM gone; RETURN NULL; END $$;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t_log (id) SELECT id FROM came; RETURN NULL; END $$;
CREATE TRIGGER two AFTER INSERT ON t REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION g();
CREATE TRIGGER three AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION g(); -- want refuses-writes
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t_log (id) SELECT nr FROM gone; RETURN NULL; END $$; -- want refuses-writes
