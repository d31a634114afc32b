-- case: 1
-- phasemig:ignore not-judged reason="seen by hand" -- want unused-ignore
SELECT 1;
-- case: 2
SELECT 1;
-- case: used
-- phasemig:ignore drop-object reason="empty"
DROP TABLE t;
-- case: used behind the statement
DROP TABLE t; -- phasemig:ignore drop-object reason="empty"
-- case: another statement's
DROP TABLE t; -- want drop-object

-- phasemig:ignore drop-object reason="empty" -- want unused-ignore
SELECT 1;
-- case: of several rules one
-- phasemig:ignore drop-object, truncate reason="empty"
TRUNCATE TABLE t;
