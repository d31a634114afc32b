-- case: 1
REFRESH MATERIALIZED VIEW totals; -- want refresh-materialized-view
-- case: 2
REFRESH MATERIALIZED VIEW totals WITH NO DATA; -- want refresh-materialized-view
-- case: 3
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
-- schema above
REFRESH MATERIALIZED VIEW mv; -- want refresh-materialized-view
-- case: 4
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
-- schema above
REFRESH MATERIALIZED VIEW mv WITH NO DATA; -- want refresh-materialized-view
-- case: 5
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
-- schema above
REFRESH MATERIALIZED VIEW CONCURRENTLY mv; -- want refresh-materialized-view
-- case: 6
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
-- case: 7
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
REFRESH MATERIALIZED VIEW m;
