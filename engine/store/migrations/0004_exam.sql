-- Exams. Facts are appended; triggers refuse to change or remove them. What is current is derived.

-- What an item said, for as long as any form names it.
CREATE TABLE exam_item_version (
    id TEXT NOT NULL,
    version TEXT NOT NULL, -- of the text
    source TEXT NOT NULL,  -- Markdown of the one item
    first_ms INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT;

-- What was open for new attempts, and from when on: the definition with the items of its banks.
CREATE TABLE exam_publication (
    file TEXT NOT NULL,
    n INTEGER NOT NULL,
    exam_id TEXT NOT NULL,
    exam_version TEXT NOT NULL,
    source TEXT NOT NULL, -- Markdown of the definition
    items TEXT NOT NULL,  -- JSON: [[id, version, domain], ...]
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (file, n)
) STRICT;

CREATE TABLE exam_attempt (
    id TEXT NOT NULL PRIMARY KEY,
    exam_id TEXT NOT NULL,
    exam_version TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    practice INTEGER NOT NULL CHECK (practice IN (0, 1)),
    review_full INTEGER NOT NULL CHECK (review_full IN (0, 1)),
    cut_permille INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    extra_permille INTEGER NOT NULL, -- accommodation at the start: 1000 = none
    start_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,    -- as it was at the start
    form TEXT NOT NULL               -- JSON: seed, item versions, orders of options
) STRICT;
CREATE INDEX exam_attempt_by_person ON exam_attempt (person_id, exam_id, start_ms);

-- Derived: the attempts that are running. Holds what saving a response needs to know, and the deadline as it is now.
CREATE TABLE exam_open (
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES exam_attempt (id),
    person_id TEXT NOT NULL,
    exam_id TEXT NOT NULL,
    shape TEXT NOT NULL,
    deadline_ms INTEGER NOT NULL,
    UNIQUE (person_id, exam_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX exam_open_by_deadline ON exam_open (deadline_ms);

-- Every save that was acknowledged. What counts in a slot is its last row in the order of this key. This is the table that is
-- written most, by candidates who all sit at once: one tree and one page for a save (hence WITHOUT ROWID, no
-- second index, and no foreign key: the job that saves has just read the attempt in exam_open).
CREATE TABLE exam_response (
    attempt_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL, -- orders saves with the same seq by arrival
    client TEXT NOT NULL,
    response TEXT NOT NULL, -- canonical JSON: numbers of options as shown
    saved_ms INTEGER NOT NULL,
    PRIMARY KEY (attempt_id, slot, seq, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE exam_flag (
    attempt_id TEXT NOT NULL REFERENCES exam_attempt (id),
    n INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    flagged INTEGER NOT NULL CHECK (flagged IN (0, 1)),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (attempt_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE exam_end (
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES exam_attempt (id),
    how TEXT NOT NULL CHECK (how IN ('submitted', 'deadline')),
    submitted_ms INTEGER NOT NULL, -- of an attempt that ran out: its deadline
    recorded_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL
) STRICT;

-- Derived: ended attempts that wait for their score.
CREATE TABLE exam_unscored (
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES exam_attempt (id)
) STRICT;

CREATE TABLE exam_result (
    attempt_id TEXT NOT NULL REFERENCES exam_attempt (id),
    n INTEGER NOT NULL, -- the last one counts
    scoring_version INTEGER NOT NULL,
    computed_ms INTEGER NOT NULL,
    correct INTEGER NOT NULL,
    total INTEGER NOT NULL,
    permille INTEGER NOT NULL,
    cut_permille INTEGER NOT NULL,
    scaled INTEGER NOT NULL,
    passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
    domains TEXT NOT NULL, -- JSON: [[id, correct, total], ...]
    PRIMARY KEY (attempt_id, n)
) STRICT;

CREATE TABLE exam_accommodation (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    exam_id TEXT, -- NULL: every exam
    factor_permille INTEGER NOT NULL CHECK (factor_permille BETWEEN 1000 AND 4000),
    reason TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    granted_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX exam_accommodation_by_person ON exam_accommodation (person_id, granted_ms);

-- What receipts are made with. In the database, so that a restored academy still knows its receipts.
CREATE TABLE exam_key (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    secret TEXT NOT NULL,
    made_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER exam_attempt_stays BEFORE UPDATE ON exam_attempt
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER exam_attempt_remains BEFORE DELETE ON exam_attempt
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
CREATE TRIGGER exam_response_stays BEFORE UPDATE ON exam_response
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER exam_response_remains BEFORE DELETE ON exam_response
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
CREATE TRIGGER exam_end_stays BEFORE UPDATE ON exam_end
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER exam_end_remains BEFORE DELETE ON exam_end
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
CREATE TRIGGER exam_result_stays BEFORE UPDATE ON exam_result
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER exam_result_remains BEFORE DELETE ON exam_result
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
CREATE TRIGGER exam_item_version_stays BEFORE UPDATE ON exam_item_version
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER exam_item_version_remains BEFORE DELETE ON exam_item_version
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
