-- case: no date
-- phasemig:flag key=a -- want flag-without-expiry
SELECT 1;
-- case: no key
-- phasemig:flag expires=2027-01-31 -- want flag-without-expiry
SELECT 1;
-- case: expired
-- phasemig:flag key=a expires=2020-01-31 -- want flag-without-expiry
SELECT 1;
-- case: a date that is none
-- phasemig:flag key=a expires=soon -- want flag-without-expiry
SELECT 1;
-- case: as it should be
-- phasemig:flag key=a expires=2027-01-31
SELECT 1;
-- case: in a text
SELECT 'phasemig:flag key=a';
