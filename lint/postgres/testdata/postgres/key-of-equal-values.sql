-- case: one column that may be NULL
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL, done boolean NOT NULL, at date);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT; -- want key-of-equal-values
-- case: two columns that may be NULL
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL, done boolean NOT NULL, at date);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (a, at) NULLS NOT DISTINCT; -- want key-of-equal-values
-- case: as a constraint
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL, done boolean NOT NULL, at date);
-- schema above
ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a); -- want key-of-equal-values,add-unique
-- case: a boolean
CREATE TABLE t (id int PRIMARY KEY, done boolean NOT NULL);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (done); -- want key-of-equal-values
-- case: an enum and a boolean
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TABLE t (id int PRIMARY KEY, done boolean NOT NULL, m mood);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (m, done); -- want key-of-equal-values
-- case: NULLs differ
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS DISTINCT;
-- case: a column that is never NULL
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (a, b) NULLS NOT DISTINCT;
-- case: the predicate leaves NULL out
CREATE TABLE t (id int PRIMARY KEY, a int);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT WHERE a IS NOT NULL;
-- case: a boolean beside the key
CREATE TABLE t (id int PRIMARY KEY, done boolean NOT NULL);
-- schema above
CREATE UNIQUE INDEX CONCURRENTLY u ON t (id, done);
-- case: a table of the file
CREATE TABLE n (a int);
CREATE UNIQUE INDEX u ON n (a) NULLS NOT DISTINCT;
