-- case: 1
ALTER TABLE users DROP CONSTRAINT users_pkey; -- want drop-primary-key
-- case: 2
CREATE TABLE users (id int, CONSTRAINT pk PRIMARY KEY (id));
-- schema above
ALTER TABLE users DROP CONSTRAINT pk; -- want drop-primary-key
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t DROP CONSTRAINT t_pkey; -- want drop-primary-key
-- case: 4
CREATE TABLE users (a int, CONSTRAINT positive CHECK (a > 0));
-- schema above
ALTER TABLE users DROP CONSTRAINT positive;
-- case: 5
ALTER TABLE users DROP CONSTRAINT users_age_check;
-- case: 6
CREATE TABLE users (id int PRIMARY KEY);
CREATE UNIQUE INDEX big ON users (id);
-- schema above
ALTER TABLE users DROP CONSTRAINT users_pkey, ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX big;
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN txt AS text;
-- schema above
ALTER TABLE t ADD q text DEFAULT 'x';
