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
-- name: cert_application_ids
SELECT id FROM cert_application WHERE id > $1 ORDER BY id LIMIT $2;
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
  FROM cert_waiting w
  JOIN cert_application a ON a.id = w.application_id
  JOIN person p ON p.id = a.person_id
  LEFT JOIN cert_eligibility e ON e.application_id = a.id
 WHERE (w.at_ms, w.application_id) > ($1, $2)
 ORDER BY w.at_ms, w.application_id LIMIT $3;
-- name: cert_applications_waiting_taught
SELECT a.id, a.person_id, p.name, a.programme_id, a.level_id, a.scheme_version, a.programme_version, a.basis, a.statement, a.at_ms,
       e.actor, e.reason, e.at_ms, NULL, NULL, NULL, NULL, NULL
  FROM cert_waiting w
  JOIN cert_application a ON a.id = w.application_id
  JOIN person p ON p.id = a.person_id
  LEFT JOIN cert_eligibility e ON e.application_id = a.id
 WHERE (w.at_ms, w.application_id) > ($1, $2)
   AND w.person_id IN (SELECT learner.person_id FROM cohort_member AS teacher
                         JOIN cohort_member AS learner ON learner.cohort_id = teacher.cohort_id
                        WHERE teacher.person_id = $4 AND teacher.role = 'instructor' AND learner.role = 'learner')
 ORDER BY w.at_ms, w.application_id LIMIT $3;
-- name: cert_waiting_add
INSERT INTO cert_waiting (application_id, person_id, at_ms) VALUES ($1, $2, $3);
-- name: cert_waiting_remove
DELETE FROM cert_waiting WHERE application_id = $1;
-- name: cert_waiting_count
SELECT n FROM kept_count WHERE name = 'applications waiting';
-- name: cert_application_open
SELECT a.id FROM cert_application a
 WHERE a.person_id = $1 AND a.programme_id = $2 AND a.level_id = $3
   AND NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id) LIMIT 1;
-- name: cert_past_refusals
SELECT coalesce(max(d.at_ms), 0), count(*) FROM cert_application a JOIN cert_decision d ON d.application_id = a.id
 WHERE a.person_id = $1 AND a.programme_id = $2 AND a.level_id = $3 AND d.outcome = 'refused' AND a.id <> $4 AND d.at_ms <= $5;
-- name: cert_past_certificates
SELECT c.issued_ms, coalesce(c.valid_until_ms, 0), c.number,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.kind = 'revoked' DESC, s.at_ms DESC, s.id DESC LIMIT 1),
       (SELECT max(at_ms) FROM cert_status s WHERE s.certificate_id = c.id),
       (SELECT reason FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.kind = 'revoked' DESC, s.at_ms DESC, s.id DESC LIMIT 1)
  FROM cert_certificate c
 WHERE c.person_id = $1 AND c.programme_id = $2 AND c.level_id = $3 AND c.application_id <> $4 AND c.issued_ms <= $5
 ORDER BY c.issued_ms, c.number;
-- name: cert_withdrawn_of
SELECT s.kind, count(*) FROM cert_certificate c JOIN cert_status s ON s.certificate_id = c.id
 WHERE c.person_id = $1 AND s.kind IN ('revoked', 'suspended') GROUP BY s.kind;
-- name: cert_interest_add
INSERT INTO cert_interest (person_id, candidate_id, note, at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
-- name: cert_interests_of
SELECT p.name, p.login, i.note, i.at_ms FROM cert_interest i JOIN person p ON p.id = i.candidate_id
 WHERE i.person_id = $1 ORDER BY i.at_ms DESC, p.id LIMIT 200;
-- name: cert_marks_on
SELECT m.marker_id, p.name, m.subject_kind, m.subject_id, m.verdict, m.comment, m.at_ms, m.candidate_id
  FROM cert_mark m JOIN person p ON p.id = m.marker_id
 WHERE m.candidate_id = $1 AND m.application_id <> $2 ORDER BY m.at_ms DESC, m.id DESC LIMIT 100;
-- name: cert_eligibility_add
INSERT INTO cert_eligibility (id, application_id, actor, reason, evidence, at_ms) VALUES ($1, $2, $3, $4, $5, $6);
-- name: cert_mark_add
INSERT INTO cert_mark (id, application_id, candidate_id, marker_id, subject_kind, subject_id, verdict, comment, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: cert_marks
SELECT m.marker_id, p.name, m.subject_kind, m.subject_id, m.verdict, m.comment, m.at_ms, m.candidate_id
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
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.kind = 'revoked' DESC, s.at_ms DESC, s.id DESC LIMIT 1)
  FROM cert_certificate c WHERE c.number = $1;
-- name: cert_certificates
SELECT c.number, c.person_id, c.holder_name, c.programme_id, c.level_id, c.programme_title, c.level_title, c.issued_ms, c.valid_until_ms,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.kind = 'revoked' DESC, s.at_ms DESC, s.id DESC LIMIT 1), c.application_id
  FROM cert_certificate c
 WHERE (c.issued_ms, c.number) < ($1, $2)
 ORDER BY c.issued_ms DESC, c.number DESC LIMIT $3;
-- name: cert_certificate_listed
SELECT c.number, c.person_id, c.holder_name, c.programme_id, c.level_id, c.programme_title, c.level_title, c.issued_ms, c.valid_until_ms,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.kind = 'revoked' DESC, s.at_ms DESC, s.id DESC LIMIT 1), c.application_id
  FROM cert_certificate c
 WHERE c.id = $1;
-- name: cert_find_count
SELECT count(*) FROM (SELECT 1 FROM cert_word WHERE word >= $1 AND word < $2 LIMIT $3) AS counted;
-- name: cert_find_range
SELECT word, certificate_id FROM cert_word WHERE word < $1 AND (word, certificate_id) > ($2, $3) ORDER BY word, certificate_id LIMIT $4;
-- name: cert_find_first
SELECT min(word) FROM cert_word WHERE certificate_id = $1 AND word >= $2 AND word < $3;
-- name: cert_find_add
INSERT INTO cert_word (word, certificate_id) VALUES ($1, $2);
-- name: cert_find_forget
DELETE FROM cert_word WHERE certificate_id = $1;
-- name: cert_find_unfound
SELECT u.certificate_id, c.holder_name, c.number, NULL FROM cert_unfound u JOIN cert_certificate c ON c.id = u.certificate_id
 ORDER BY u.certificate_id LIMIT $1;
-- name: cert_find_filled
DELETE FROM cert_unfound WHERE certificate_id = $1;
-- name: cert_certificates_of
SELECT c.number, c.person_id, c.holder_name, c.programme_id, c.level_id, c.programme_title, c.level_title, c.issued_ms, c.valid_until_ms,
       (SELECT kind FROM cert_status s WHERE s.certificate_id = c.id ORDER BY s.kind = 'revoked' DESC, s.at_ms DESC, s.id DESC LIMIT 1), c.application_id
  FROM cert_certificate c
 WHERE c.person_id = $1
 ORDER BY c.issued_ms DESC, c.number LIMIT $2;
-- name: cert_credential_add
INSERT INTO cert_credential (id, certificate_id, version, credential_id, list_id, status_index, signing_key, json, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: cert_credential_newest
SELECT c.id, c.version, c.credential_id, c.list_id, c.status_index, c.json, c.at_ms, l.purpose, c.signing_key, l.origin
  FROM cert_credential c JOIN cert_status_list l ON l.id = c.list_id
 WHERE c.certificate_id = $1 ORDER BY c.version DESC LIMIT 1;
-- name: cert_credential_version
SELECT c.id, c.version, c.credential_id, c.list_id, c.status_index, c.json, c.at_ms, l.purpose, c.signing_key, l.origin
  FROM cert_credential c JOIN cert_status_list l ON l.id = c.list_id
 WHERE c.certificate_id = $1 AND c.version = $2;
-- name: cert_credential_status
SELECT l.origin || '/status/' || c.list_id, c.status_index,
       (SELECT kind FROM cert_status s WHERE s.credential_row = c.id ORDER BY s.at_ms DESC, s.id DESC LIMIT 1),
       (SELECT count(*) FROM cert_status s WHERE s.certificate_id = c.certificate_id AND s.kind = 'revoked')
  FROM cert_credential c JOIN cert_status_list l ON l.id = c.list_id WHERE c.credential_id = $1;
-- name: cert_signing_keys
SELECT signing_key, count(*) FROM cert_credential GROUP BY signing_key ORDER BY signing_key;
-- name: cert_index_taken
SELECT 1 FROM cert_credential WHERE list_id = $1 AND status_index = $2;
-- name: cert_list_newest
SELECT l.id, (SELECT count(*) FROM cert_credential c WHERE c.list_id = l.id) FROM cert_status_list l
 WHERE l.origin = $1 AND l.purpose = 'suspension' ORDER BY l.id DESC LIMIT 1;
-- name: cert_list_add
INSERT INTO cert_status_list (id, origin, created_ms, purpose)
SELECT coalesce(max(id), 0) + 1, $1, $2, 'suspension' FROM cert_status_list;
-- name: cert_issuer_origins
SELECT DISTINCT origin FROM cert_status_list ORDER BY origin;
-- name: cert_list
SELECT origin, purpose FROM cert_status_list WHERE id = $1;
-- name: cert_list_fact_count
SELECT count(*) FROM cert_status WHERE list_id = $1;
-- name: cert_list_bits
SELECT c.status_index FROM cert_status s JOIN cert_credential c ON c.id = s.credential_row
 WHERE s.list_id = $1 AND s.kind IN ('revoked', 'suspended', 'replaced')
   AND NOT (s.kind = 'suspended' AND EXISTS (SELECT 1 FROM cert_status later WHERE later.credential_row = s.credential_row AND later.kind = 'reinstated'
                      AND (later.at_ms > s.at_ms OR (later.at_ms = s.at_ms AND later.id > s.id))));
-- name: cert_list_sample
SELECT json FROM cert_credential WHERE list_id = $1 LIMIT 1;
-- name: cert_changes_logged
SELECT seq, subject, CASE action WHEN 'cert.reinstate' THEN 1 WHEN 'cert.suspend' THEN 0 ELSE 2 END, substr(detail, length(detail) - 59) FROM audit_log
 WHERE action IN ('cert.revoke', 'cert.suspend', 'cert.reinstate', 'cert.replace') ORDER BY seq;
-- name: cert_changes_last
SELECT seq FROM audit_log
 WHERE action IN ('cert.revoke', 'cert.suspend', 'cert.reinstate', 'cert.replace') ORDER BY seq DESC LIMIT 1;
-- name: cert_state_logged
SELECT seq, CASE action WHEN 'cert.issue' THEN 0 WHEN 'cert.suspend' THEN 1 WHEN 'cert.reinstate' THEN 2 WHEN 'cert.replace' THEN 3 ELSE 4 END,
       CASE WHEN at_ms = $2 AND substr(detail, 1, length($3) + 12) = '{"number":"' || $3 || '"' THEN 1 ELSE 0 END
  FROM audit_log
 WHERE subject = $1 AND action IN ('cert.issue', 'cert.revoke', 'cert.suspend', 'cert.reinstate', 'cert.replace') ORDER BY seq;
-- name: cert_applications_logged
SELECT subject FROM audit_log WHERE actor = $1 AND action = 'cert.apply' ORDER BY subject;
-- name: cert_number_of
SELECT number FROM cert_certificate WHERE application_id = $1;
-- name: cert_status_add
INSERT INTO cert_status (id, certificate_id, credential_row, list_id, kind, actor, reason, at_ms)
SELECT $1, $2, id, list_id, $4, $5, $6, $7 FROM cert_credential WHERE id = $3;
-- name: cert_statuses
SELECT s.kind, s.reason, s.at_ms, p.name, s.actor, s.credential_row, s.list_id FROM cert_status s JOIN person p ON p.id = s.actor
 WHERE s.certificate_id = $1 ORDER BY s.at_ms, s.id;
-- name: cert_credentials_of
SELECT c.id, c.version, c.list_id, c.status_index, l.purpose FROM cert_credential c JOIN cert_status_list l ON l.id = c.list_id
 WHERE c.certificate_id = $1 ORDER BY c.version;
-- name: cert_application_evidence
SELECT e.evidence, coalesce(e.at_ms, 0), d.evidence, coalesce(d.at_ms, 0), w.person_id, coalesce(w.at_ms, 0) FROM cert_application a
  LEFT JOIN cert_eligibility e ON e.application_id = a.id
  LEFT JOIN cert_decision d ON d.application_id = a.id
  LEFT JOIN cert_waiting w ON w.application_id = a.id
 WHERE a.id = $1;
-- name: cert_application_there
SELECT 1 FROM cert_application WHERE id = $1;
-- name: cert_person_ids
SELECT id FROM person WHERE id > $1 ORDER BY id LIMIT $2;
-- name: cert_person_there
SELECT 1 FROM person WHERE id = $1;
-- name: cert_attempt_ids
SELECT id FROM exam_attempt WHERE id > $1 ORDER BY id LIMIT $2;
-- name: cert_attempt_there
SELECT 1 FROM exam_attempt WHERE id = $1;
-- name: cert_run_ids
SELECT id FROM lab_run WHERE id > $1 ORDER BY id LIMIT $2;
-- name: cert_run_there
SELECT 1 FROM lab_run WHERE id = $1;
-- name: cert_exam_version_ids
SELECT DISTINCT exam_version FROM exam_publication WHERE exam_version > $1 ORDER BY exam_version LIMIT $2;
-- name: cert_exam_version_there
SELECT 1 FROM exam_publication WHERE exam_version = $1 LIMIT 1;
-- name: cert_programme_version_ids
SELECT DISTINCT version FROM content_version WHERE kind = 'programme' AND version > $1 ORDER BY version LIMIT $2;
-- name: cert_programme_version_there
SELECT 1 FROM content_version WHERE kind = 'programme' AND version = $1 LIMIT 1;
