-- case: 1
ALTER TABLE users ENABLE ROW LEVEL SECURITY; -- want row-security-without-policy
-- case: 2
ALTER TABLE users FORCE ROW LEVEL SECURITY; -- want row-security-without-policy
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ENABLE ROW LEVEL SECURITY; -- want row-security-without-policy
-- case: 4
CREATE POLICY own ON users USING (owner = current_user);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- case: 5
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP;
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD q int DEFAULT (1 + 2);
-- case: a policy is dropped
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
CREATE POLICY p ON t USING (true);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- schema above
DROP POLICY p ON t; -- want row-security-without-policy
-- case: another one lets everything through
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
CREATE POLICY p ON t USING (a > 0);
CREATE POLICY q ON t USING (true);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- schema above
DROP POLICY p ON t;
-- case: it isn't on
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
CREATE POLICY p ON t USING (true);
-- schema above
DROP POLICY p ON t;
-- case: for other roles
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
CREATE POLICY p ON t TO app USING (true);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- schema above
ALTER POLICY p ON t TO report; -- want row-security-without-policy
-- case: one that narrows
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
CREATE POLICY p ON t USING (true);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- schema above
CREATE POLICY r ON t AS RESTRICTIVE USING (a > 0); -- want row-security-without-policy
CREATE POLICY w ON t USING (a > 0);
-- case: no policy for a command
CREATE TABLE t (a int);
GRANT SELECT, INSERT ON t TO app;
CREATE POLICY p ON t FOR SELECT USING (true);
-- schema above
ALTER TABLE t ENABLE ROW LEVEL SECURITY; -- want row-security-without-policy
