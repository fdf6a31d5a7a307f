-- The clock of exams, and attempts that are opened again.

-- Where trusted time stood, so that it goes on over a restart (base/clock_watch.h). One row.
CREATE TABLE clock_mark (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    trusted_ms INTEGER NOT NULL,
    boot_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL
) STRICT;

-- What the machine's clock did. 'wrong': it was seen to differ from trusted time by off_ms; 'right': it agrees again;
-- 'followed': trusted time and the deadlines of what was running were moved by off_ms.
CREATE TABLE clock_event (
    n INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('wrong', 'right', 'followed')),
    off_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL -- when it was first seen wrong
) STRICT;

-- How far the deadline was moved since the start, by the clock or by opening the attempt again; extra time adds to it.
ALTER TABLE exam_open ADD COLUMN moved_ms INTEGER NOT NULL DEFAULT 0;

-- An end that an administrator has undone, as it stood in exam_end, and why.
CREATE TABLE exam_reopened (
    attempt_id TEXT NOT NULL REFERENCES exam_attempt (id),
    n INTEGER NOT NULL,
    how TEXT NOT NULL,
    submitted_ms INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    by_person TEXT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL,
    given_ms INTEGER NOT NULL,
    PRIMARY KEY (attempt_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX exam_reopened_by_time ON exam_reopened (at_ms);
CREATE INDEX exam_end_by_deadline ON exam_end (recorded_ms) WHERE how = 'deadline';

CREATE TRIGGER clock_event_stays BEFORE UPDATE ON clock_event
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER clock_event_remains BEFORE DELETE ON clock_event
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
CREATE TRIGGER exam_reopened_stays BEFORE UPDATE ON exam_reopened
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER exam_reopened_remains BEFORE DELETE ON exam_reopened
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;

-- An end goes only where its copy stands in exam_reopened.
DROP TRIGGER exam_end_remains;
CREATE TRIGGER exam_end_remains BEFORE DELETE ON exam_end
WHEN NOT EXISTS (SELECT 1 FROM exam_reopened r
                  WHERE r.attempt_id = OLD.attempt_id AND r.how = OLD.how AND r.submitted_ms = OLD.submitted_ms
                    AND r.recorded_ms = OLD.recorded_ms AND r.deadline_ms = OLD.deadline_ms)
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
