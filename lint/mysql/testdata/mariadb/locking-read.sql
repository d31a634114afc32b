-- case: every row
SELECT * FROM orders FOR UPDATE; -- want locking-read
-- case: an old word
SELECT id FROM orders WHERE state IS NULL LOCK IN SHARE MODE; -- want locking-read
-- case: inside of a query
SELECT COUNT(*) FROM (SELECT id FROM orders FOR UPDATE) q; -- want locking-read
-- case: by key
SELECT * FROM orders WHERE id = 7 FOR UPDATE;
-- case: without a lock
SELECT * FROM orders;
-- case: a few
SELECT * FROM orders LIMIT 100 FOR UPDATE;
-- case: no index leads there
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
SELECT * FROM t WHERE a = 7 FOR UPDATE; -- want locking-read
-- case: an index leads there
CREATE TABLE t (id int PRIMARY KEY, a int, e enum('a','b'), v varchar(20), d date, KEY ke (e), KEY kv (v), KEY kd (d));
-- schema above
SELECT * FROM t WHERE v = 'x' FOR UPDATE;
