-- case: a read of a whole table behind a row's lock
START TRANSACTION;
UPDATE users SET active = 1 WHERE id = 7;
SELECT COUNT(*) FROM orders; -- want long-transaction
COMMIT;
SELECT COUNT(*) FROM orders;
-- case: without a transaction
UPDATE users SET active = 1 WHERE id = 7;
SELECT COUNT(*) FROM orders;
-- case: autocommit is off
SET autocommit = 0;
UPDATE users SET active = 1 WHERE id = 7;
SELECT COUNT(*) FROM orders; -- want long-transaction
COMMIT;
SELECT COUNT(*) FROM orders;
-- case: a part of the table is read
START TRANSACTION;
UPDATE users SET active = 1 WHERE id = 7;
SELECT * FROM orders WHERE id = 9;
COMMIT;
-- case: batches that commit by themselves
DELIMITER //
CREATE PROCEDURE fill() BEGIN
  DECLARE n INT DEFAULT 0;
  WHILE n < 1000000 DO
    UPDATE users SET active = 1 WHERE id > n AND id <= n + 100;
    SET n = n + 100;
  END WHILE;
END//
DELIMITER ;
CALL fill();
-- case: batches in one transaction of the caller
DELIMITER //
CREATE PROCEDURE fill() BEGIN
  DECLARE n INT DEFAULT 0;
  filling: LOOP
    IF n > 1000000 THEN LEAVE filling; END IF;
    UPDATE users SET active = 1 WHERE id > n AND id <= n + 100;
    SET n = n + 100;
  END LOOP;
END//
DELIMITER ;
START TRANSACTION;
CALL fill(); -- want long-transaction
COMMIT;
-- case: batches in one transaction of the procedure
DELIMITER //
CREATE PROCEDURE fill() BEGIN
  DECLARE n INT DEFAULT 0;
  START TRANSACTION;
  REPEAT
    UPDATE users SET active = 1 WHERE id > n AND id <= n + 100;
    SET n = n + 100;
  UNTIL n > 1000000 END REPEAT;
  COMMIT;
END//
DELIMITER ;
CALL fill(); -- want long-transaction
-- case: each turn commits
DELIMITER //
CREATE PROCEDURE fill() BEGIN
  DECLARE n INT DEFAULT 0;
  WHILE n < 1000000 DO
    START TRANSACTION;
    UPDATE users SET active = 1 WHERE id > n AND id <= n + 100;
    COMMIT;
    SET n = n + 100;
  END WHILE;
END//
DELIMITER ;
CALL fill();
