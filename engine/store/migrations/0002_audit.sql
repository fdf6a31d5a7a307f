-- The audit log: each row's hash covers the row and the hash before it (engine/audit/audit.h).
CREATE TABLE audit_log (
    seq INTEGER NOT NULL PRIMARY KEY, -- 1, 2, ... without gaps
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT, -- JSON
    hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX audit_log_by_subject ON audit_log (subject, seq);

-- Rows are added at the end and nothing else. The chain finds whoever goes around this; these keep our own
-- statements honest.
CREATE TRIGGER audit_log_at_end BEFORE INSERT ON audit_log
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_log)
BEGIN
    SELECT RAISE(ABORT, 'the audit log grows at its end only');
END;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never cut');
END;
