-- People, their roles, passwords, sessions, cohorts. Times are milliseconds of UTC.
CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    locale TEXT,
    created_ms INTEGER NOT NULL,
    deactivated_ms INTEGER
) STRICT;

CREATE TABLE person_role (
    person_id TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL CHECK (role IN ('learner', 'instructor', 'assessor', 'admin')),
    granted_ms INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    PRIMARY KEY (person_id, role)
) STRICT;

CREATE TABLE password (
    person_id TEXT NOT NULL REFERENCES person (id),
    set_ms INTEGER NOT NULL,
    hash TEXT NOT NULL, -- Argon2id, libsodium's string form
    PRIMARY KEY (person_id, set_ms)
) STRICT;

CREATE TABLE session (
    id TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the token, hex
    person_id TEXT NOT NULL REFERENCES person (id),
    csrf TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    client TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_person ON session (person_id, ended_ms);

CREATE TABLE login_attempt (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    client TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1))
) STRICT;
CREATE INDEX login_attempt_by_login ON login_attempt (login, at_ms);
CREATE INDEX login_attempt_by_client ON login_attempt (client, at_ms);

-- Teaching: an instructor of a cohort has taught its learners, also after either has left it.
CREATE TABLE cohort (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    programme_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE cohort_member (
    cohort_id TEXT NOT NULL REFERENCES cohort (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL CHECK (role IN ('learner', 'instructor')),
    joined_ms INTEGER NOT NULL,
    left_ms INTEGER,
    PRIMARY KEY (cohort_id, person_id, role)
) STRICT;
CREATE INDEX cohort_member_by_person ON cohort_member (person_id, role);
