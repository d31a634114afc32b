-- case: 1
BEGIN;
ALTER TABLE t ADD COLUMN a int; -- want transaction-left-open
-- case: 2
BEGIN;
BEGIN; -- want transaction-left-open
COMMIT;
-- case: 3
BEGIN;
ALTER TABLE t ADD COLUMN a int;
COMMIT;
-- case: 4
ALTER TABLE t ADD COLUMN a int;
-- case: the runner's own transaction
-- file: V1__a.sql
BEGIN; -- want transaction-left-open
ALTER TABLE t ADD COLUMN b int;
COMMIT;
-- case: rolled back
BEGIN;
ALTER TABLE t ADD COLUMN b int;
ROLLBACK;
-- case: nothing is left of it
BEGIN;
ALTER TABLE t DROP COLUMN b; -- want transaction-left-open
-- case: a second BEGIN doesn't take it back
BEGIN;
ALTER TABLE t DROP COLUMN b; -- want drop-column
BEGIN; -- want transaction-left-open
COMMIT;
-- case: prepared is as good as committed
BEGIN;
ALTER TABLE t DROP COLUMN b; -- want drop-column
PREPARE TRANSACTION 'x';
-- case: AND CHAIN begins the next one
BEGIN;
COMMIT AND CHAIN;
ALTER TABLE t DROP COLUMN b;
ROLLBACK;
