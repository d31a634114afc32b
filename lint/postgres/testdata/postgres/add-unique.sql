-- case: 1
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email); -- want add-unique
-- case: 2
ALTER TABLE users ADD PRIMARY KEY (id); -- want add-unique
-- case: 3
CREATE TABLE users (id int);
CREATE UNIQUE INDEX users_id ON users (id);
-- schema above
ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id; -- want add-unique
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD UNIQUE (a); -- want add-unique
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a); -- want add-unique,key-of-equal-values
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD PRIMARY KEY (a); -- want add-unique, not-possible-here
-- case: 7
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
-- case: 8
CREATE TABLE t (a int UNIQUE);
-- case: 9
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN q int;
-- case: 10
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q date DEFAULT CURRENT_DATE;
