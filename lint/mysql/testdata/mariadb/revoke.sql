-- case: 1
REVOKE INSERT ON shop.* FROM 'app'@'%'; -- want revoke
-- case: 2
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'app'@'%'; -- want revoke
-- case: 3
CREATE VIEW vw AS SELECT 1 AS a;
-- schema above
REVOKE SELECT ON shop.* FROM 'joe'@'%'; -- want revoke
-- case: 4
GRANT SELECT ON shop.* TO 'app'@'%';
-- case: 5
CREATE USER 'app'@'%';
-- case: granted again
REVOKE INSERT ON shop.* FROM 'app'@'%'; -- want revoke
GRANT INSERT ON shop.orders TO 'app'@'%';
-- case: what the file gave
GRANT SELECT, INSERT ON shop.t TO 'report'@'%';
REVOKE SELECT ON shop.t FROM report;
-- case: more than the file gave
GRANT SELECT ON shop.t TO report;
REVOKE SELECT, INSERT ON shop.t FROM report; -- want revoke
-- case: another login
ALTER USER 'app'@'%' ACCOUNT LOCK; -- want revoke
