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
-- case: the length of a text
CREATE TABLE t (v varchar(50) NOT NULL, e enum('a','b')) ENGINE=Aria;
-- schema above
ALTER TABLE t MODIFY v varchar(60) NOT NULL; -- want not-innodb
ALTER TABLE t MODIFY e enum('a','b','c');
ALTER TABLE t DEFAULT CHARSET=latin1; -- want not-innodb
