-- case: 1
CREATE INDEX CONCURRENTLY a_name_that_is_so_long_that_the_server_will_cut_it_behind_byte_63_for_sure ON t (a); -- want name-too-long
-- case: 2
CREATE TABLE another_name_that_is_so_long_that_the_server_will_cut_it_behind_byte_63 (a int); -- want name-too-long
-- case: 3
CREATE INDEX CONCURRENTLY short ON t (a);
-- case: 4
CREATE TABLE t (a text DEFAULT 'a text may be as long as it likes, of course, and nobody minds it');
-- case: 5
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX ON t (a); -- want create-index
-- case: 6
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE part (at date NOT NULL, k int) PARTITION BY RANGE (at);
-- schema above
CREATE INDEX CONCURRENTLY i ON t (a) INCLUDE (b) WHERE b > 0;
