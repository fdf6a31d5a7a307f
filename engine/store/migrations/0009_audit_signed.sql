-- Heads of the audit log as they were signed and published (audit/audit_signed.h). Kept for ever: each is what somebody else
-- may hold a copy of.
CREATE TABLE audit_signed_head (
    seq INTEGER NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    at_ms INTEGER NOT NULL,
    key TEXT NOT NULL,      -- multikey that signed
    signature TEXT NOT NULL -- base58, multibase z
) STRICT;

CREATE TRIGGER audit_signed_head_stays BEFORE UPDATE ON audit_signed_head
BEGIN SELECT RAISE(ABORT, 'facts are appended, never changed'); END;
CREATE TRIGGER audit_signed_head_remains BEFORE DELETE ON audit_signed_head
BEGIN SELECT RAISE(ABORT, 'facts are appended, never removed'); END;
