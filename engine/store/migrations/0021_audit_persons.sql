-- What the log says became of each certificate, for lists of any length.
CREATE INDEX audit_log_cert_steps ON audit_log (subject, seq, action, at_ms)
 WHERE action IN ('cert.issue', 'cert.revoke', 'cert.suspend', 'cert.reinstate', 'cert.replace');
