-- case: a column
CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20), KEY ka (a)) ENGINE=Aria;
-- schema above
ALTER TABLE t ADD COLUMN b int; -- want not-innodb
-- case: an index
CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20), KEY ka (a)) ENGINE=Aria;
-- schema above
CREATE INDEX i ON t (v); -- want not-innodb
-- case: a check
CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20), KEY ka (a)) ENGINE=Aria;
-- schema above
CHECK TABLE t; -- want not-innodb
-- case: a default
CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20), KEY ka (a)) ENGINE=Aria;
-- schema above
ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;
-- case: a comment
CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20), KEY ka (a)) ENGINE=Aria;
-- schema above
ALTER TABLE t COMMENT = 'x';
-- case: a name of an index
CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20), KEY ka (a)) ENGINE=Aria;
-- schema above
ALTER TABLE t RENAME INDEX ka TO kb;
-- case: InnoDB
CREATE TABLE t (a int) ENGINE=InnoDB;
-- schema above
ALTER TABLE t ADD COLUMN b int;
