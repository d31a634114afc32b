-- case: one statement
ALTER TABLE users ADD COLUMN display_name text, DROP COLUMN full_name; -- want contract-with-expand, drop-column
-- case: two statements
ALTER TABLE users ADD COLUMN display_name text;
ALTER TABLE users DROP COLUMN full_name; -- want contract-with-expand, drop-column
-- case: two tables
ALTER TABLE users ADD COLUMN display_name text;
ALTER TABLE orders DROP COLUMN price; -- want drop-column
-- case: only the new one
ALTER TABLE users ADD COLUMN display_name text;
-- case: the new one goes again
ALTER TABLE users ADD COLUMN display_name text;
ALTER TABLE users DROP COLUMN display_name;
-- case: a table of the file
CREATE TABLE f (a int);
ALTER TABLE f ADD COLUMN b int, DROP COLUMN a;
