-- case: 1
REVOKE INSERT ON users FROM app; -- want revoke
-- case: 2
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app; -- want revoke
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE VIEW vw AS SELECT 1 AS a;
-- schema above
REVOKE SELECT ON t FROM joe; -- want revoke
-- case: 4
GRANT SELECT ON users TO app;
-- case: 5
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- case: of one's own function
CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
-- case: what was never granted
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
-- schema above
REVOKE ALL ON t FROM report;
REVOKE INSERT ON t FROM app;
REVOKE SELECT ON t FROM PUBLIC;
-- case: what was granted
CREATE TABLE t (a int);
GRANT SELECT (a), INSERT ON t TO app;
-- schema above
REVOKE SELECT ON t FROM app; -- want revoke
-- case: of every table
CREATE TABLE t (a int);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
-- schema above
REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM app; -- want revoke
-- case: the schema public, relied on
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
-- schema above
REVOKE ALL ON SCHEMA public FROM PUBLIC; -- want revoke
-- case: the schema public, not relied on
CREATE TABLE t (a int);
GRANT SELECT ON t TO app;
GRANT USAGE ON SCHEMA public TO app;
-- schema above
REVOKE ALL ON SCHEMA public FROM PUBLIC;
-- case: given back
CREATE TABLE t (a int);
GRANT SELECT, INSERT ON t TO app;
-- schema above
BEGIN;
REVOKE ALL ON t FROM app;
GRANT SELECT, INSERT, UPDATE ON t TO app;
COMMIT;
-- case: not all given back
CREATE TABLE t (a int);
GRANT SELECT, INSERT ON t TO app;
-- schema above
BEGIN;
REVOKE ALL ON t FROM app; -- want revoke
GRANT SELECT ON t TO app;
COMMIT;
-- case: membership
CREATE TABLE t (a int);
GRANT SELECT ON t TO readers;
GRANT readers TO app;
-- schema above
REVOKE readers FROM app; -- want revoke
REVOKE writers FROM app;
-- case: a view asks its reader
CREATE TABLE pay (a int, b int);
CREATE VIEW v AS SELECT a FROM pay;
GRANT SELECT ON v TO app;
-- schema above
ALTER VIEW v SET (security_invoker = on); -- want revoke
-- case: the reader has the right
CREATE TABLE pay (a int, b int);
CREATE VIEW v AS SELECT a FROM pay;
GRANT SELECT ON v, pay TO app;
-- schema above
ALTER VIEW v SET (security_invoker);
