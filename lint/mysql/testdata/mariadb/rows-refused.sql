-- case: NULL
CREATE TABLE t (a int, b int NOT NULL);
-- schema above
ALTER TABLE t MODIFY a int NOT NULL DEFAULT 0; -- want rows-refused, column-needs-value, online-rebuild
-- case: duplicates
CREATE TABLE t (a int NOT NULL, b int NOT NULL);
-- schema above
ALTER TABLE t ADD UNIQUE (a); -- want rows-refused, index-build
-- case: a part of the key is unique
CREATE TABLE t (a int NOT NULL, b int NOT NULL, UNIQUE (a));
-- schema above
ALTER TABLE t ADD UNIQUE (a, b); -- want index-build
-- case: a new column is NULL in each row
ALTER TABLE t ADD COLUMN c int, ADD UNIQUE (c); -- want index-build
-- case: no schema
CREATE UNIQUE INDEX u ON users (email); -- want rows-refused, index-build
-- case: a new table is empty
CREATE TABLE f (a int);
CREATE UNIQUE INDEX u ON f (a);
-- case: orphans
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, pid int);
-- schema above
ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p (id); -- want rows-refused, add-foreign-key
-- case: out of range
CREATE TABLE t (a bigint);
-- schema above
ALTER TABLE t MODIFY a int; -- want rows-refused, change-type
-- case: wider
CREATE TABLE t (a int);
-- schema above
ALTER TABLE t MODIFY a bigint; -- want change-type
-- case: no date
ALTER TABLE t ADD COLUMN d date NOT NULL; -- want add-column-not-null
-- case: no date, and sql_mode wants one
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE';
ALTER TABLE t ADD COLUMN d date NOT NULL; -- want rows-refused, add-column-not-null
-- case: a partitioning that doesn't take every row
CREATE TABLE t (a int NOT NULL);
-- schema above
ALTER TABLE t PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10)); -- want rows-refused, partition-table
