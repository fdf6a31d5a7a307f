-- Where a reader is in each section, beside the events that say so: a page reads as many rows as there are sections, however
-- often somebody has read them.
CREATE TABLE content_place (
    person_id TEXT NOT NULL REFERENCES person (id),
    module_id TEXT NOT NULL,
    section TEXT NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1)),
    position_permille INTEGER NOT NULL CHECK (position_permille BETWEEN 0 AND 1000),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (person_id, module_id, section, done)
) STRICT;
INSERT INTO content_place (person_id, module_id, section, done, position_permille, at_ms)
SELECT r.person_id, r.module_id, r.section, r.done, r.position_permille, r.at_ms
  FROM (SELECT person_id, module_id, section, done, position_permille, at_ms,
               row_number() OVER (PARTITION BY person_id, module_id, section, done ORDER BY at_ms DESC, id DESC) AS n
          FROM content_reading) AS r
 WHERE r.n = 1;

-- What is deleted on time is found by its time.
CREATE INDEX login_attempt_by_time ON login_attempt (at_ms);
CREATE INDEX session_by_end ON session ((coalesce(ended_ms, expires_ms)));

-- A password that was replaced is nobody's any more.
DELETE FROM password
 WHERE EXISTS (SELECT 1 FROM password AS newer WHERE newer.person_id = password.person_id AND newer.set_ms > password.set_ms);
