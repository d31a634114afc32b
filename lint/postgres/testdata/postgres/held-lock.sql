-- case: 1
BEGIN;
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT c; -- want held-lock
COMMIT;
-- case: 2
BEGIN;
ALTER TABLE t ADD COLUMN b int;
INSERT INTO other SELECT * FROM t; -- want held-lock
COMMIT;
-- case: 3
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT c;
-- case: 4
BEGIN;
ALTER TABLE t ADD COLUMN b int;
ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;
COMMIT;
-- case: goose wraps the file
-- file: 1_a.sql
-- +goose Up
ALTER TABLE t ADD COLUMN b int;
UPDATE t SET b = 1; -- want held-lock, whole-table-update
-- +goose Down
ALTER TABLE t DROP COLUMN b;
-- case: goose without a transaction
-- file: 1_a.sql
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT k;
-- case: a batch by key is short
BEGIN;
ALTER TABLE t ADD COLUMN b int;
UPDATE t SET b = 1 WHERE id BETWEEN 1 AND 1000;
COMMIT;
-- case: golang-migrate sends one message
-- file: 1_a.up.sql
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT k; -- want held-lock
-- case: a count under a lock
BEGIN;
LOCK TABLE users IN SHARE MODE; -- want lock-table
SELECT count(*) FROM users; -- want held-lock
COMMIT;
-- case: the last number under a lock
CREATE TABLE users (id bigserial PRIMARY KEY, a int);
-- schema above
BEGIN;
ALTER TABLE users ADD COLUMN b int;
SELECT max(id) FROM users;
COMMIT;
-- case: a copy without rows
BEGIN;
ALTER TABLE users ADD COLUMN b int;
CREATE TABLE c AS SELECT id FROM users WITH NO DATA;
COMMIT;
-- case: given back with a savepoint
BEGIN;
SAVEPOINT s;
ALTER TABLE users ADD COLUMN b int;
ROLLBACK TO s;
SELECT count(*) FROM users;
COMMIT;
