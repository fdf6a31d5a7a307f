-- What the log tells of how somebody signs in, looked up at each sign-in, however often they have been here.
CREATE INDEX audit_log_passwords ON audit_log (subject, seq) WHERE action IN ('person.add', 'person.password');
CREATE INDEX audit_log_factors ON audit_log (subject, seq) WHERE action IN ('person.factor', 'person.factor_end', 'person.recovery');
-- A session that has ended carries no seal: without its end it would be one again.
UPDATE session SET seal = NULL WHERE ended_ms IS NOT NULL;
-- How many answers were saved in an attempt that is open, under a seal, so that one that is taken away is missed. Attempts that
-- began before have none.
ALTER TABLE exam_open ADD COLUMN saves INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exam_open ADD COLUMN seal TEXT;
