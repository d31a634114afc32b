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
ALTER TABLE c ADD COLUMN x int DEFAULT 'none'; -- want bad-expression
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
ALTER TABLE c ADD COLUMN x boolean DEFAULT 1; -- want bad-expression
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
ALTER TABLE c ADD CONSTRAINT k CHECK (nosuch > 0) NOT VALID; -- want bad-expression
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
ALTER TABLE c ADD CONSTRAINT k CHECK (r > 5) NOT VALID; -- want bad-expression
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
CREATE INDEX CONCURRENTLY i ON c ((at::date)); -- want bad-expression
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
CREATE VIEW w AS SELECT p.nosuch FROM p; -- want bad-expression
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
CREATE VIEW w AS SELECT id FROM p, c; -- want bad-expression
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
ALTER TABLE c ADD COLUMN x int DEFAULT (SELECT 1); -- want bad-expression
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
CREATE VIEW w AS SELECT p.id, count(*) AS n FROM p JOIN c ON c.p = p.id GROUP BY p.id;
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
ALTER TABLE c ADD COLUMN x int DEFAULT '5';
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
ALTER TABLE c ADD CONSTRAINT k CHECK (r > '5' AND q > 3) NOT VALID; -- want refuses-writes
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
CREATE INDEX CONCURRENTLY i ON c (lower(r));
-- case: GROUP BY
CREATE TABLE t (id int PRIMARY KEY, a int, b int);
-- schema above
CREATE VIEW v AS SELECT a FROM t GROUP BY b; -- want bad-expression
CREATE VIEW w AS SELECT a, count(*) FROM t GROUP BY a;
CREATE VIEW x AS SELECT a FROM t GROUP BY id;
-- case: a quoted text beside a number
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE VIEW v AS SELECT a + 'x' FROM t; -- want bad-expression
CREATE VIEW w AS SELECT a + '1' FROM t;
-- case: aggregates where there are none
CREATE TABLE t (id int, a int);
-- schema above
CREATE VIEW v AS SELECT id FROM t WHERE count(*) > 1; -- want bad-expression
CREATE VIEW w AS SELECT max(count(*)) FROM t GROUP BY a; -- want bad-expression
CREATE VIEW x AS SELECT a, count(*) AS n FROM t GROUP BY a HAVING count(*) > 1;
