-- cert: applications, decisions, certificates. Facts: rows are added, never changed or removed.

CREATE TABLE cert_application (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    programme_id TEXT NOT NULL,
    level_id TEXT NOT NULL,
    scheme_version TEXT NOT NULL,
    programme_version TEXT NOT NULL, -- of the programme's file, 16 hex digits
    basis TEXT NOT NULL CHECK (basis IN ('training', 'experience')),
    statement TEXT NOT NULL, -- in the candidate's words; empty for training
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX cert_application_by_person ON cert_application (person_id, programme_id, level_id, at_ms);
CREATE INDEX cert_application_by_time ON cert_application (at_ms);

-- Whether the application may be decided on at all, and what was known then.
CREATE TABLE cert_eligibility (
    id TEXT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL UNIQUE REFERENCES cert_application (id),
    actor TEXT NOT NULL, -- person id or 'system'
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL, -- JSON: each requirement, met or missing
    at_ms INTEGER NOT NULL
) STRICT;

-- A judgement of a candidate's work by a person: whoever marks does not decide.
CREATE TABLE cert_mark (
    id TEXT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES cert_application (id),
    candidate_id TEXT NOT NULL REFERENCES person (id),
    marker_id TEXT NOT NULL REFERENCES person (id),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('application', 'lab_run')),
    subject_id TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('sufficient', 'insufficient')),
    comment TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX cert_mark_by_application ON cert_mark (application_id, at_ms);
CREATE INDEX cert_mark_by_pair ON cert_mark (candidate_id, marker_id);

CREATE TABLE cert_decision (
    id TEXT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL UNIQUE REFERENCES cert_application (id),
    outcome TEXT NOT NULL CHECK (outcome IN ('granted', 'refused')),
    actor TEXT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL, -- JSON: each requirement as it stood at the decision
    at_ms INTEGER NOT NULL
) STRICT;

-- What is printed is kept as it was on the day, whatever the programme or the person is called later.
CREATE TABLE cert_certificate (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    application_id TEXT NOT NULL UNIQUE REFERENCES cert_application (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    programme_id TEXT NOT NULL,
    level_id TEXT NOT NULL,
    level_number INTEGER NOT NULL,
    level_count INTEGER NOT NULL,
    origin TEXT NOT NULL, -- "https://academy.example", in every address of the credential
    holder_name TEXT NOT NULL,
    body TEXT NOT NULL,
    scheme_version TEXT NOT NULL,
    programme_title TEXT NOT NULL,
    level_title TEXT NOT NULL,
    scope TEXT NOT NULL,
    decided_by TEXT NOT NULL REFERENCES person (id),
    decided_by_name TEXT NOT NULL,
    issued_ms INTEGER NOT NULL,
    valid_until_ms INTEGER -- NULL = without end
) STRICT;
CREATE INDEX cert_certificate_by_person ON cert_certificate (person_id, issued_ms);
CREATE INDEX cert_certificate_by_time ON cert_certificate (issued_ms);

CREATE TABLE cert_status_list (
    id INTEGER NOT NULL PRIMARY KEY, -- 1, 2, ...
    origin TEXT NOT NULL, -- that its credentials name, and that it is signed under
    created_ms INTEGER NOT NULL
) STRICT;

-- A suspended certificate that is reinstated gets a new credential: a bit that was set stays set.
CREATE TABLE cert_credential (
    id TEXT NOT NULL PRIMARY KEY,
    certificate_id TEXT NOT NULL REFERENCES cert_certificate (id),
    version INTEGER NOT NULL,
    credential_id TEXT NOT NULL UNIQUE, -- the id inside the JSON
    list_id INTEGER NOT NULL REFERENCES cert_status_list (id),
    status_index INTEGER NOT NULL CHECK (status_index BETWEEN 0 AND 131071),
    signing_key TEXT NOT NULL, -- multikey
    json TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (certificate_id, version),
    UNIQUE (list_id, status_index)
) STRICT;

CREATE TABLE cert_status (
    id TEXT NOT NULL PRIMARY KEY,
    certificate_id TEXT NOT NULL REFERENCES cert_certificate (id),
    credential_row TEXT NOT NULL REFERENCES cert_credential (id), -- the one that it ends or begins
    list_id INTEGER NOT NULL REFERENCES cert_status_list (id), -- of that credential
    kind TEXT NOT NULL CHECK (kind IN ('revoked', 'suspended', 'reinstated')),
    actor TEXT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX cert_status_by_certificate ON cert_status (certificate_id, at_ms);
CREATE INDEX cert_status_by_credential ON cert_status (credential_row, kind);
CREATE INDEX cert_status_by_list ON cert_status (list_id, kind);

CREATE TRIGGER cert_application_no_update BEFORE UPDATE ON cert_application
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_application_no_delete BEFORE DELETE ON cert_application
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_eligibility_no_update BEFORE UPDATE ON cert_eligibility
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_eligibility_no_delete BEFORE DELETE ON cert_eligibility
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_mark_no_update BEFORE UPDATE ON cert_mark
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_mark_no_delete BEFORE DELETE ON cert_mark
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_decision_no_update BEFORE UPDATE ON cert_decision
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_decision_no_delete BEFORE DELETE ON cert_decision
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_certificate_no_update BEFORE UPDATE ON cert_certificate
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_certificate_no_delete BEFORE DELETE ON cert_certificate
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_status_list_no_update BEFORE UPDATE ON cert_status_list
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_status_list_no_delete BEFORE DELETE ON cert_status_list
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_credential_no_update BEFORE UPDATE ON cert_credential
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_credential_no_delete BEFORE DELETE ON cert_credential
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

CREATE TRIGGER cert_status_no_update BEFORE UPDATE ON cert_status
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_status_no_delete BEFORE DELETE ON cert_status
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;
