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
