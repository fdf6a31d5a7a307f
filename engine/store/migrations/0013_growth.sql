-- What a page reads must not grow with what is stored: work lists, counts and words are kept beside the facts.

-- Derived: applications without a decision. A row comes with the application and goes with the decision.
CREATE TABLE cert_waiting (
    application_id TEXT NOT NULL PRIMARY KEY REFERENCES cert_application (id),
    person_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO cert_waiting (application_id, person_id, at_ms)
SELECT a.id, a.person_id, a.at_ms FROM cert_application a
 WHERE NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id);
CREATE INDEX cert_waiting_by_time ON cert_waiting (at_ms, application_id);
CREATE INDEX cert_waiting_by_person ON cert_waiting (person_id);

-- Derived: how many there are, kept in the transaction that changes it, whoever's statement that is.
CREATE TABLE kept_count (
    name TEXT NOT NULL PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO kept_count (name, n)
SELECT 'people', count(*) FROM person
UNION ALL SELECT 'sessions open', count(*) FROM session WHERE ended_ms IS NULL
UNION ALL SELECT 'cohorts', count(*) FROM cohort
UNION ALL SELECT 'applications waiting', count(*) FROM cert_waiting;

CREATE TRIGGER person_counts_more AFTER INSERT ON person
BEGIN UPDATE kept_count SET n = n + 1 WHERE name = 'people'; END;
CREATE TRIGGER person_counts_less AFTER DELETE ON person
BEGIN UPDATE kept_count SET n = n - 1 WHERE name = 'people'; END;
CREATE TRIGGER cohort_counts_more AFTER INSERT ON cohort
BEGIN UPDATE kept_count SET n = n + 1 WHERE name = 'cohorts'; END;
CREATE TRIGGER cohort_counts_less AFTER DELETE ON cohort
BEGIN UPDATE kept_count SET n = n - 1 WHERE name = 'cohorts'; END;
CREATE TRIGGER session_counts_more AFTER INSERT ON session WHEN NEW.ended_ms IS NULL
BEGIN UPDATE kept_count SET n = n + 1 WHERE name = 'sessions open'; END;
CREATE TRIGGER session_counts_ended AFTER UPDATE OF ended_ms ON session WHEN OLD.ended_ms IS NULL AND NEW.ended_ms IS NOT NULL
BEGIN UPDATE kept_count SET n = n - 1 WHERE name = 'sessions open'; END;
CREATE TRIGGER session_counts_again AFTER UPDATE OF ended_ms ON session WHEN OLD.ended_ms IS NOT NULL AND NEW.ended_ms IS NULL
BEGIN UPDATE kept_count SET n = n + 1 WHERE name = 'sessions open'; END;
CREATE TRIGGER session_counts_less AFTER DELETE ON session WHEN OLD.ended_ms IS NULL
BEGIN UPDATE kept_count SET n = n - 1 WHERE name = 'sessions open'; END;
CREATE TRIGGER cert_waiting_counts_more AFTER INSERT ON cert_waiting
BEGIN UPDATE kept_count SET n = n + 1 WHERE name = 'applications waiting'; END;
CREATE TRIGGER cert_waiting_counts_less AFTER DELETE ON cert_waiting
BEGIN UPDATE kept_count SET n = n - 1 WHERE name = 'applications waiting'; END;

-- Derived: words by which people and certificates are found (store/find.h). SQL cannot fold them: who stands in *_unfound gets theirs
-- when the academy is opened next.
CREATE TABLE person_word (
    word TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (word, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_word_by_person ON person_word (person_id, word);
CREATE TABLE person_unfound (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES person (id)
) STRICT, WITHOUT ROWID;
INSERT INTO person_unfound (person_id) SELECT id FROM person;

CREATE TABLE cert_word (
    word TEXT NOT NULL,
    certificate_id TEXT NOT NULL REFERENCES cert_certificate (id),
    PRIMARY KEY (word, certificate_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cert_word_by_certificate ON cert_word (certificate_id, word);
CREATE TABLE cert_unfound (
    certificate_id TEXT NOT NULL PRIMARY KEY REFERENCES cert_certificate (id)
) STRICT, WITHOUT ROWID;
INSERT INTO cert_unfound (certificate_id) SELECT id FROM cert_certificate;

-- Lists are cut by key.
CREATE INDEX person_by_name ON person (name, id);
CREATE INDEX cohort_by_time ON cohort (created_ms, id);
CREATE INDEX person_role_by_role ON person_role (role);
DROP INDEX cert_certificate_by_time;
CREATE INDEX cert_certificate_by_time ON cert_certificate (issued_ms, number);
