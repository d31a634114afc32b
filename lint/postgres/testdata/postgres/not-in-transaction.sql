-- case: 1
BEGIN;
CREATE INDEX CONCURRENTLY i ON t (a); -- want not-in-transaction
COMMIT;
-- case: 2
BEGIN;
VACUUM t; -- want not-in-transaction
COMMIT;
-- case: 3
LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE; -- want not-in-transaction
-- case: 4
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50), x text, n numeric(10,2), ts timestamp, d date, j jsonb, c char(5), e inet, cd cidr, arr varchar(10)[], bo boolean, vb bit varying(5), tm time(3), iv interval(3));
CREATE INDEX tv ON t (v);
CREATE INDEX tl ON t (lower(x));
-- schema above
LOCK TABLE t; -- want lock-table, not-in-transaction
-- case: 5
CREATE INDEX CONCURRENTLY i ON t (a);
-- case: 6
BEGIN;
ANALYZE t;
COMMIT;
-- case: golang-migrate with one statement
-- file: 1_a.up.sql
CREATE INDEX CONCURRENTLY i ON t (a);
-- case: golang-migrate with two
-- file: 1_a.up.sql
CREATE INDEX CONCURRENTLY i ON t (a); -- want not-in-transaction
CREATE INDEX CONCURRENTLY j ON t (b); -- want not-in-transaction
-- case: flyway leaves the transaction out
-- file: V1__a.sql
CREATE INDEX CONCURRENTLY i ON t (a);
-- case: flyway with another statement
-- file: V1__a.sql
CREATE INDEX CONCURRENTLY i ON t (a); -- want not-in-transaction
ALTER TABLE t ADD COLUMN b int;
-- case: prisma
-- file: migration.sql
CREATE INDEX CONCURRENTLY i ON t (a); -- want not-in-transaction
SELECT 1;
-- case: atlas
-- file: 1.sql
-- atlas:txmode none

CREATE INDEX CONCURRENTLY i ON t (a);
-- case: dbmate without
-- file: 1.sql
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY i ON t (a);
-- case: in a block
DO $$ BEGIN
  CREATE INDEX CONCURRENTLY i ON t (a); -- want not-in-transaction
END $$;
-- case: liquibase
-- file: 1.sql
--liquibase formatted sql
--changeset me:1 runInTransaction:false
CREATE INDEX CONCURRENTLY i ON t (a);
--rollback DROP INDEX i;
-- case: alembic shows its transaction
BEGIN;
-- Running upgrade a -> b
CREATE INDEX CONCURRENTLY i ON t (a); -- want not-in-transaction
COMMIT;
-- case: rails log
  TRANSACTION (0.1ms)  BEGIN
   (1.2ms)  CREATE INDEX CONCURRENTLY "i" ON "t" ("a") -- want not-in-transaction
  TRANSACTION (0.1ms)  COMMIT
-- case: COMMIT inside of a transaction
BEGIN;
DO $$ BEGIN COMMIT; END $$; -- want not-in-transaction
COMMIT;
-- case: COMMIT by itself
DO $$ BEGIN COMMIT; END $$;
-- case: savepoints
SAVEPOINT a; -- want not-in-transaction
BEGIN;
SAVEPOINT a;
ROLLBACK TO b; -- want not-in-transaction
RELEASE a;
COMMIT;
