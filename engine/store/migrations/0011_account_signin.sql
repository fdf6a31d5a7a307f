-- A password that somebody else made or typed has to be changed at the first sign-in.
ALTER TABLE password ADD COLUMN issued INTEGER NOT NULL DEFAULT 0 CHECK (issued IN (0, 1));
-- When a session was used last, noted now and then; without a row: when it began. A table of its own, so that what is kept of sessions
-- in memory does not change with it.
CREATE TABLE session_use (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    used_ms INTEGER NOT NULL
) STRICT;

-- The second factor of a sign-in: a time-based code (RFC 6238) of a program on the person's telephone.
CREATE TABLE second_factor (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    secret BLOB NOT NULL,
    made_ms INTEGER NOT NULL,
    confirmed_ms INTEGER, -- by a first code; before that it counts for nothing
    ended_ms INTEGER,
    last_step INTEGER NOT NULL DEFAULT 0 -- of the newest code that was taken: none is taken twice
) STRICT;
CREATE INDEX second_factor_by_person ON second_factor (person_id, ended_ms);
-- What signs in when the telephone is lost; each once.
CREATE TABLE recovery_code (
    factor_id TEXT NOT NULL REFERENCES second_factor (id),
    hash TEXT NOT NULL, -- SHA-256 of the factor's id and the code
    used_ms INTEGER,
    PRIMARY KEY (factor_id, hash)
) STRICT;
-- The password was right, the code has not been given yet: such a session opens nothing but the page that asks for it.
ALTER TABLE session ADD COLUMN awaits_code INTEGER NOT NULL DEFAULT 0 CHECK (awaits_code IN (0, 1));
