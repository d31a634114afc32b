-- case: 1
BEGIN;
ALTER TYPE state ADD VALUE 'lost';
UPDATE t SET state = 'lost' WHERE id = 1; -- want enum-value-in-transaction
COMMIT;
-- case: 2
BEGIN;
ALTER TYPE state ADD VALUE 'lost';
ALTER TABLE t ALTER COLUMN state SET DEFAULT 'lost'; -- want enum-value-in-transaction
COMMIT;
-- case: 3
ALTER TYPE state ADD VALUE 'lost';
UPDATE t SET state = 'lost' WHERE id = 1;
-- case: 4
BEGIN;
ALTER TYPE state ADD VALUE 'lost';
COMMIT;
-- case: a type of the same transaction
BEGIN;
CREATE TYPE mood AS ENUM ('a');
ALTER TYPE mood ADD VALUE 'b';
CREATE TABLE m (s mood DEFAULT 'b');
COMMIT;
-- case: dbmate wraps the file
-- file: 1.sql
-- migrate:up
ALTER TYPE mood ADD VALUE 'b';
UPDATE t SET s = 'b' WHERE id = 1; -- want enum-value-in-transaction
-- migrate:down
