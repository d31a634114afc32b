-- case: 1
-- phasemig:ignore not-judged -- want bad-ignore
SELECT 1;
-- case: 2
-- phasemig:ignore not-judged reason="seen by hand" -- want unused-ignore
SELECT 1;
-- case: expired
-- phasemig:ignore not-judged reason="seen" until=2020-01-01 -- want bad-ignore
SELECT 1;
-- case: no such rule
-- phasemig:ignore nothing reason="seen" -- want bad-ignore
SELECT 1;
-- case: no rule
-- phasemig:ignore reason="seen" -- want bad-ignore
SELECT 1;
-- case: a date that is none
-- phasemig:ignore not-judged reason="seen" until=soon -- want bad-ignore
SELECT 1;
-- case: for the file, with a date
-- phasemig:ignore-file not-judged reason="seen" until=2027-01-31
ALTER TABLE t FROBNICATE;
