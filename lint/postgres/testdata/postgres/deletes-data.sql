-- case: by key
DELETE FROM users WHERE id = 7; -- want deletes-data
-- case: a batch
DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE at < '2020-01-01' LIMIT 1000); -- want deletes-data
-- case: in a CTE
WITH gone AS (DELETE FROM users WHERE id = 7 RETURNING id) SELECT count(*) FROM gone; -- want deletes-data
-- case: values
UPDATE users SET phone = NULL WHERE id BETWEEN 1 AND 500; -- want deletes-data
-- case: values, cast
UPDATE users SET phone = NULL::text, name = 'x' WHERE id = 1; -- want deletes-data
-- case: MERGE by a list
-- version: 18
MERGE INTO users u USING (VALUES (1), (2)) v(id) ON u.id = v.id WHEN MATCHED THEN DELETE; -- want deletes-data
-- case: nothing
DELETE FROM users WHERE false;
-- case: another value
UPDATE users SET phone = '' WHERE id BETWEEN 1 AND 500;
-- case: a column of the file
ALTER TABLE users ADD COLUMN a int;
UPDATE users SET a = NULL WHERE id = 1;
-- case: a table of the file
CREATE TABLE n (a int);
DELETE FROM n WHERE a = 1;
