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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (q) REFERENCES p (n) NOT VALID; -- want foreign-key-target
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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (r) REFERENCES p (id) NOT VALID; -- want foreign-key-target, foreign-key-without-index
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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (q) REFERENCES nosuch (id) NOT VALID; -- want foreign-key-target
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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (q) REFERENCES v (id) NOT VALID; -- want foreign-key-target
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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (q) REFERENCES d NOT VALID; -- want foreign-key-target
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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (q) REFERENCES p NOT VALID;
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
ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (r) REFERENCES p (code) NOT VALID; -- want foreign-key-without-index
