-- cert: suspension on lists of its own; certificates that a renewal replaced; interests that people declared.

-- What a bit of the list says. Credentials of a "suspension" list hold again when their bit is cleared; those that were issued
-- before keep their "revocation" list, where a bit stays set.
ALTER TABLE cert_status_list ADD COLUMN purpose TEXT NOT NULL DEFAULT 'revocation' CHECK (purpose IN ('revocation', 'suspension'));

CREATE TABLE cert_status_next (
    id TEXT NOT NULL PRIMARY KEY,
    certificate_id TEXT NOT NULL REFERENCES cert_certificate (id),
    credential_row TEXT NOT NULL REFERENCES cert_credential (id), -- the one that it ends or begins
    list_id INTEGER NOT NULL REFERENCES cert_status_list (id), -- of that credential
    kind TEXT NOT NULL CHECK (kind IN ('revoked', 'suspended', 'reinstated', 'replaced')),
    actor TEXT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL, -- of 'replaced': the number of the certificate that took its place
    at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO cert_status_next (id, certificate_id, credential_row, list_id, kind, actor, reason, at_ms)
SELECT id, certificate_id, credential_row, list_id, kind, actor, reason, at_ms FROM cert_status;
DROP TABLE cert_status;
ALTER TABLE cert_status_next RENAME TO cert_status;
CREATE INDEX cert_status_by_certificate ON cert_status (certificate_id, at_ms);
CREATE INDEX cert_status_by_credential ON cert_status (credential_row, at_ms);
CREATE INDEX cert_status_by_list ON cert_status (list_id, kind);

CREATE TRIGGER cert_status_no_update BEFORE UPDATE ON cert_status
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_status_no_delete BEFORE DELETE ON cert_status
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;

-- "I have an interest in this person": whoever says so neither decides on them nor marks them from then on.
CREATE TABLE cert_interest (
    person_id TEXT NOT NULL REFERENCES person (id), -- who declares it
    candidate_id TEXT NOT NULL REFERENCES person (id),
    note TEXT NOT NULL, -- may be empty: nobody has to say which interest
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (person_id, candidate_id)
) STRICT;

CREATE TRIGGER cert_interest_no_update BEFORE UPDATE ON cert_interest
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never changed');
END;

CREATE TRIGGER cert_interest_no_delete BEFORE DELETE ON cert_interest
BEGIN
    SELECT RAISE(ABORT, 'facts of certification are never removed');
END;
