-- name: cert_application_add
INSERT INTO cert_application (id, person_id, programme_id, level_id, scheme_version, programme_version, basis, statement, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: cert_application
SELECT a.id, a.person_id, p.name, a.programme_id, a.level_id, a.scheme_version, a.programme_version, a.basis, a.statement, a.at_ms,
       e.actor, e.reason, e.at_ms, d.outcome, d.actor, d.reason, d.at_ms, c.number
  FROM cert_application a
  JOIN person p ON p.id = a.person_id
  LEFT JOIN cert_eligibility e ON e.application_id = a.id
  LEFT JOIN cert_decision d ON d.application_id = a.id
  LEFT JOIN cert_certificate c ON c.application_id = a.id
 WHERE a.id = $1;
-- name: cert_applications_of
SELECT a.id, a.person_id, p.name, a.programme_id, a.level_id, a.scheme_version, a.programme_version, a.basis, a.statement, a.at_ms,
       e.actor, e.reason, e.at_ms, d.outcome, d.actor, d.reason, d.at_ms, c.number
  FROM cert_application a
  JOIN person p ON p.id = a.person_id
  LEFT JOIN cert_eligibility e ON e.application_id = a.id
  LEFT JOIN cert_decision d ON d.application_id = a.id
  LEFT JOIN cert_certificate c ON c.application_id = a.id
 WHERE a.person_id = $1
 ORDER BY a.at_ms DESC, a.id DESC LIMIT 100;
-- name: cert_applications_waiting
SELECT a.id, a.person_id, p.name, a.programme_id, a.level_id, a.scheme_version, a.programme_version, a.basis, a.statement, a.at_ms,
       e.actor, e.reason, e.at_ms, NULL, NULL, NULL, NULL, NULL
  FROM cert_application a
  JOIN person p ON p.id = a.person_id
  LEFT JOIN cert_eligibility e ON e.application_id = a.id
 WHERE NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id)
 ORDER BY a.at_ms, a.id LIMIT $1;
-- name: cert_waiting_count
SELECT count(*) FROM cert_application a
 WHERE NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id);
-- name: cert_application_open
SELECT a.id FROM cert_application a
 WHERE a.person_id = $1 AND a.programme_id = $2 AND a.level_id = $3
   AND NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id) LIMIT 1;
-- name: cert_refusals_count
SELECT count(*) FROM cert_application a JOIN cert_decision d ON d.application_id = a.id
 WHERE a.person_id = $1 AND a.programme_id = $2 AND a.level_id = $3 AND d.outcome = 'refused';
-- name: cert_eligibility_add
INSERT INTO cert_eligibility (id, application_id, actor, reason, evidence, at_ms) VALUES ($1, $2, $3, $4, $5, $6);
-- name: cert_mark_add
INSERT INTO cert_mark (id, application_id, candidate_id, marker_id, subject_kind, subject_id, verdict, comment, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: cert_marks
SELECT m.marker_id, p.name, m.subject_kind, m.subject_id, m.verdict, m.comment, m.at_ms
  FROM cert_mark m JOIN person p ON p.id = m.marker_id
 WHERE m.application_id = $1 ORDER BY m.at_ms, m.id;
-- name: cert_marked
SELECT count(*) FROM cert_mark WHERE candidate_id = $1 AND marker_id = $2;
-- name: cert_teachers
SELECT DISTINCT p.id, p.name, c.name
  FROM cohort_member l
  JOIN cohort_member i ON i.cohort_id = l.cohort_id AND i.role = 'instructor'
  JOIN cohort c ON c.id = l.cohort_id
  JOIN person p ON p.id = i.person_id
 WHERE l.person_id = $1 AND l.role = 'learner'
 ORDER BY p.name, c.name;
-- name: cert_decision_add
INSERT INTO cert_decision (id, application_id, outcome, actor, reason, evidence, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7);
-- name: cert_certificate_add
INSERT INTO cert_certificate (id, number, application_id, person_id, programme_id, level_id, level_number, level_count, origin,
                              holder_name, body, scheme_version, programme_title, level_title, scope, decided_by,
                              decided_by_name, issued_ms, valid_until_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19);
-- name: cert_origins
SELECT origin, count(*) FROM cert_certificate GROUP BY origin ORDER BY origin;
-- name: cert_number_taken
SELECT 1 FROM cert_certificate WHERE number = $1;
-- name: cert_certificate
SELECT c.id, c.number, c.application_id, c.person_id, c.programme_id, c.level_id, c.level_number, c.level_count, c.origin,
       c.holder_name, c.body, c.scheme_version, c.programme_title, c.level_title, c.scope, c.decided_by, c.decided_by_name,
       c.issued_ms, c.valid_until_ms,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.at_ms DESC, s.id DESC LIMIT 1)
  FROM cert_certificate c WHERE c.number = $1;
-- name: cert_certificates
SELECT c.number, c.person_id, c.holder_name, c.programme_id, c.level_id, c.programme_title, c.level_title, c.issued_ms, c.valid_until_ms,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.at_ms DESC, s.id DESC LIMIT 1)
  FROM cert_certificate c
 WHERE $1 IS NULL OR instr(lower(c.holder_name), lower($1)) > 0 OR instr(c.number, upper($1)) > 0
 ORDER BY c.issued_ms DESC, c.number LIMIT $2 OFFSET $3;
-- name: cert_certificates_of
SELECT c.number, c.person_id, c.holder_name, c.programme_id, c.level_id, c.programme_title, c.level_title, c.issued_ms, c.valid_until_ms,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.at_ms DESC, s.id DESC LIMIT 1)
  FROM cert_certificate c
 WHERE c.person_id = $1
 ORDER BY c.issued_ms DESC, c.number LIMIT $2 OFFSET $3;
-- name: cert_credential_add
INSERT INTO cert_credential (id, certificate_id, version, credential_id, list_id, status_index, signing_key, json, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: cert_credential_newest
SELECT id, version, credential_id, list_id, status_index, json, at_ms FROM cert_credential
 WHERE certificate_id = $1 ORDER BY version DESC LIMIT 1;
-- name: cert_credential_version
SELECT id, version, credential_id, list_id, status_index, json, at_ms FROM cert_credential
 WHERE certificate_id = $1 AND version = $2;
-- name: cert_credential_status
SELECT l.origin || '/status/' || c.list_id, c.status_index,
       (SELECT kind FROM cert_status s WHERE s.credential_row = c.id AND s.kind <> 'reinstated' ORDER BY s.at_ms DESC, s.id DESC LIMIT 1),
       (SELECT count(*) FROM cert_status s WHERE s.certificate_id = c.certificate_id AND s.kind = 'revoked')
  FROM cert_credential c JOIN cert_status_list l ON l.id = c.list_id WHERE c.credential_id = $1;
-- name: cert_signing_keys
SELECT signing_key, count(*) FROM cert_credential GROUP BY signing_key ORDER BY signing_key;
-- name: cert_index_taken
SELECT 1 FROM cert_credential WHERE list_id = $1 AND status_index = $2;
-- name: cert_list_newest
SELECT l.id, (SELECT count(*) FROM cert_credential c WHERE c.list_id = l.id) FROM cert_status_list l
 WHERE l.origin = $1 ORDER BY l.id DESC LIMIT 1;
-- name: cert_list_add
INSERT INTO cert_status_list (id, origin, created_ms) SELECT coalesce(max(id), 0) + 1, $1, $2 FROM cert_status_list;
-- name: cert_list
SELECT origin FROM cert_status_list WHERE id = $1;
-- name: cert_list_fact_count
SELECT count(*) FROM cert_status WHERE list_id = $1 AND kind IN ('revoked', 'suspended');
-- name: cert_list_bits
SELECT c.status_index FROM cert_status s JOIN cert_credential c ON c.id = s.credential_row
 WHERE s.list_id = $1 AND s.kind IN ('revoked', 'suspended');
-- name: cert_status_add
INSERT INTO cert_status (id, certificate_id, credential_row, list_id, kind, actor, reason, at_ms)
SELECT $1, $2, id, list_id, $4, $5, $6, $7 FROM cert_credential WHERE id = $3;
-- name: cert_statuses
SELECT s.kind, s.reason, s.at_ms, p.name FROM cert_status s JOIN person p ON p.id = s.actor
 WHERE s.certificate_id = $1 ORDER BY s.at_ms, s.id;
