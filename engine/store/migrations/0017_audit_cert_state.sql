-- What the log says of the state of certificates is found without reading all of it: the signed status list is compared
-- with it.
CREATE INDEX audit_log_cert_state ON audit_log (subject, seq) WHERE action IN ('cert.revoke', 'cert.suspend', 'cert.replace');
