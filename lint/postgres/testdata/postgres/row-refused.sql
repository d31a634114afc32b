-- case: 1
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
INSERT INTO c (r) VALUES ('x'); -- want row-refused
-- case: 2
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
INSERT INTO c (id, a) VALUES (1, 0); -- want row-refused
-- case: 3
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
INSERT INTO c (id, nosuch) VALUES (1, 0); -- want row-refused
-- case: 4
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
UPDATE c SET q = NULL WHERE id = 1; -- want row-refused
-- case: 5
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
UPDATE c SET a = 'x' WHERE id = 1; -- want row-refused
-- case: 6
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
INSERT INTO c (id) VALUES (1) ON CONFLICT (a) DO NOTHING; -- want row-refused
-- case: 7
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
DELETE FROM c WHERE nosuch = 1; -- want row-refused,whole-table-delete
-- case: 8
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
INSERT INTO c (id, a) VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET a = excluded.a;
-- case: 9
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
UPDATE c SET a = a + 1, r = 'x' || id WHERE id = 1;
-- case: 10
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
INSERT INTO c (id, r) SELECT id, code FROM p WHERE id < 10;
-- case: 11
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int, m text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q bigint NOT NULL DEFAULT 0, r text, a int CHECK (a > 0), j json, at timestamptz);
CREATE INDEX c_p ON c (p);
CREATE INDEX c_q ON c (q);
CREATE VIEW v AS SELECT id, n FROM p;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE m (x mood);
CREATE SEQUENCE sq;
CREATE TABLE d (s int DEFAULT nextval('sq'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f();
-- schema above
DELETE FROM c USING p WHERE p.id = c.p AND c.id = 1; -- want deletes-data
