-- case: 1
ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id); -- want add-foreign-key
-- case: 2
-- version: 15
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orders (user_id int) PARTITION BY HASH (user_id);
-- schema above
ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID; -- want add-foreign-key, foreign-key-without-index
-- case: 3
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id); -- want add-foreign-key, foreign-key-without-index
-- case: 4
ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_fk;
-- case: 5
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));
CREATE INDEX ON orders (user_id);
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE DOMAIN posint AS int CHECK (VALUE > 0); CREATE TABLE usespos (p posint);
-- schema above
ALTER TABLE t ADD COLUMN q int;
-- case: 7
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
ALTER TABLE t ADD q date DEFAULT CURRENT_DATE;
-- case: enforcing verifies
-- version: 18
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (p_id int, CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p (id) NOT ENFORCED);
CREATE INDEX ON c (p_id);
-- schema above
ALTER TABLE c ALTER CONSTRAINT fk ENFORCED; -- want add-foreign-key
