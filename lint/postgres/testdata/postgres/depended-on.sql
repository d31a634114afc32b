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
ALTER TABLE p DROP COLUMN n; -- want depended-on, drop-column
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
DROP TABLE p; -- want depended-on, drop-object
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
DROP TYPE mood; -- want depended-on, drop-object
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
DROP SEQUENCE sq; -- want depended-on, drop-object
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
DROP FUNCTION f(); -- want depended-on
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
TRUNCATE p; -- want depended-on, truncate
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
ALTER TABLE p DROP CONSTRAINT p_pkey; -- want depended-on, drop-primary-key
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
ALTER TABLE p ALTER COLUMN n TYPE bigint; -- want change-type, depended-on
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
ALTER TABLE p DROP COLUMN m; -- want drop-column
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
DROP TABLE p CASCADE; -- want drop-object
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
DROP TRIGGER tr ON m;
-- case: 12
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
ALTER TABLE c DROP CONSTRAINT c_p_fkey;
-- case: a domain and a type are made of it
CREATE TYPE mood AS ENUM ('a');
CREATE DOMAIN good AS mood;
CREATE TYPE day AS (at date, m mood);
-- schema above
DROP TYPE mood; -- want depended-on, drop-object
