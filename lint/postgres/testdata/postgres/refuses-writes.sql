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
