-- What assessors noted at a step of a lab run: never changed, never taken away.
CREATE TABLE lab_note (
    id TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES lab_run (id),
    seq INTEGER NOT NULL, -- the action of the record that it is pinned to
    at_ms INTEGER NOT NULL,
    author_id TEXT NOT NULL REFERENCES person (id),
    shown INTEGER NOT NULL CHECK (shown IN (0, 1)), -- 1: to the learner, too
    text TEXT NOT NULL
) STRICT;
CREATE INDEX lab_note_by_run ON lab_note (run_id, seq, at_ms);
CREATE TRIGGER lab_note_stays BEFORE UPDATE ON lab_note
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER lab_note_remains BEFORE DELETE ON lab_note
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
