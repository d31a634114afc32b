-- case: a name that nobody has
CREATE EXTENSION IF NOT EXISTS pgcryto; -- want extension-not-there
-- case: one that went
-- version: 17
CREATE EXTENSION adminpack; -- want extension-not-there
-- case: one that hasn't come yet
-- version: 15
CREATE EXTENSION pg_logicalinspect; -- want extension-not-there
-- case: another maker's
CREATE EXTENSION postgis WITH SCHEMA public; -- want extension-not-there
-- case: contrib
CREATE EXTENSION IF NOT EXISTS pg_trgm;
-- case: quoted
CREATE EXTENSION "uuid-ossp";
-- case: before it went
-- version: 15
CREATE EXTENSION adminpack;
-- case: there already
CREATE EXTENSION nobody_knows;
CREATE TABLE t (a int);
-- schema above
CREATE EXTENSION IF NOT EXISTS nobody_knows;
