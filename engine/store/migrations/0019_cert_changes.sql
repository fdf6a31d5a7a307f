-- The signed status list is made of what the log says became of certificates, in its order.
DROP INDEX audit_log_cert_state;
CREATE INDEX audit_log_cert_changes ON audit_log (seq)
 WHERE action IN ('cert.revoke', 'cert.suspend', 'cert.reinstate', 'cert.replace');
