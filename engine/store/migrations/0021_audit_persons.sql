-- What the log says became of each certificate, for lists of any length.
CREATE INDEX audit_log_cert_steps ON audit_log (subject, seq, action, at_ms)
 WHERE action IN ('cert.issue', 'cert.revoke', 'cert.suspend', 'cert.reinstate', 'cert.replace');
-- What a person has begun by the log, so that what is gone from the tables is missed.
CREATE INDEX audit_log_exam_starts ON audit_log (actor, subject)
 WHERE action = 'exam.start' AND detail NOT LIKE '%"practice":true%';
CREATE INDEX audit_log_applications ON audit_log (actor, subject) WHERE action = 'cert.apply';
