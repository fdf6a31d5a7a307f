-- Two people never share an e-mail address, whatever its case; either login or address signs in.
-- `email_key` is the address as it is compared (account_email_key). NULL: not made yet, or somebody who was there before has
-- the address; then it signs nobody else in.
ALTER TABLE person ADD COLUMN email_key TEXT;
CREATE INDEX person_by_lower_email ON person (lower(email), id);
-- For ASCII folding is lower(); the others get theirs when the academy is opened next.
UPDATE person SET email_key = lower(email)
 WHERE length(email) = length(CAST(email AS BLOB))
   AND id = (SELECT min(first.id) FROM person AS first WHERE lower(first.email) = lower(person.email));
DROP INDEX person_by_lower_email;
CREATE UNIQUE INDEX person_by_email ON person (email_key);
