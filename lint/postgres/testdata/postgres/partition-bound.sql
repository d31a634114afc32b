-- case: 1
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
CREATE TABLE n PARTITION OF logs FOR VALUES FROM ('2020-06-01') TO ('2022-01-01'); -- want create-partition, partition-bound
-- case: 2
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
CREATE TABLE n PARTITION OF logs FOR VALUES IN ('2022-06-01'); -- want create-partition, partition-bound
-- case: 3
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
CREATE TABLE n PARTITION OF kinds FOR VALUES IN ('b', 'a'); -- want create-partition, partition-bound
-- case: 4
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
CREATE TABLE n PARTITION OF t FOR VALUES FROM (1) TO (2); -- want create-partition, partition-bound
-- case: 5
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
ALTER TABLE logs ATTACH PARTITION more FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); -- want attach-partition, partition-bound
-- case: 6
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
ALTER TABLE logs DETACH PARTITION t; -- want detach-partition, partition-bound
-- case: 7
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
CREATE TABLE n PARTITION OF logs FOR VALUES FROM ('2021-01-01') TO (MAXVALUE); -- want create-partition
-- case: 8
CREATE TABLE logs (at date NOT NULL, k int) PARTITION BY RANGE (at);
CREATE TABLE l20 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE ka PARTITION OF kinds FOR VALUES IN ('a');
CREATE TABLE more (at date NOT NULL, k int, z int);
CREATE TABLE t (id int);
-- schema above
CREATE TABLE n PARTITION OF kinds FOR VALUES IN ('b', 'c'); -- want create-partition
