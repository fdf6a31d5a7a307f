-- name: account_person_add
INSERT INTO person (id, login, name, email, locale, created_ms, email_key) VALUES ($1, $2, $3, $4, NULL, $5, $6);
-- name: account_person
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person WHERE id = $1;
-- name: account_person_by_login
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person WHERE login = $1;
-- name: account_person_by_email
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person WHERE email_key = $1;
-- name: account_without_key
SELECT id, email FROM person WHERE email_key IS NULL AND id > $1 ORDER BY id LIMIT 1000;
-- name: account_set_key
UPDATE person SET email_key = $2 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM person AS other WHERE other.email_key = $2);
-- name: account_people
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person
 WHERE (name, id) > ($1, $2)
 ORDER BY name, id LIMIT $3;
-- name: account_find_count
SELECT count(*) FROM (SELECT 1 FROM person_word WHERE word >= $1 AND word < $2 LIMIT $3) AS counted;
-- name: account_find_range
SELECT word, person_id FROM person_word WHERE word < $1 AND (word, person_id) > ($2, $3) ORDER BY word, person_id LIMIT $4;
-- name: account_find_first
SELECT min(word) FROM person_word WHERE person_id = $1 AND word >= $2 AND word < $3;
-- name: account_find_add
INSERT INTO person_word (word, person_id) VALUES ($1, $2);
-- name: account_find_forget
DELETE FROM person_word WHERE person_id = $1;
-- name: account_find_unfound
SELECT u.person_id, p.name, p.login, p.email FROM person_unfound u JOIN person p ON p.id = u.person_id ORDER BY u.person_id LIMIT $1;
-- name: account_find_filled
DELETE FROM person_unfound WHERE person_id = $1;
-- name: account_set_fields
UPDATE person SET name = $2, email = $3, email_key = $4 WHERE id = $1;
-- name: account_set_locale
UPDATE person SET locale = $2 WHERE id = $1;
-- name: account_set_reading
UPDATE person SET reading = $2 WHERE id = $1;
-- name: account_role_add
INSERT INTO person_role (person_id, role, granted_ms, granted_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
-- name: account_role_remove
DELETE FROM person_role WHERE person_id = $1 AND role = $2;
-- name: account_admins
SELECT count(*) FROM person_role JOIN person ON person.id = person_id WHERE role = 'admin' AND deactivated_ms IS NULL;
-- name: account_password_add
INSERT INTO password (person_id, set_ms, hash) VALUES ($1, $2, $3);
-- name: account_password_issued
UPDATE password SET issued = 1 WHERE person_id = $1 AND set_ms = (SELECT max(set_ms) FROM password WHERE person_id = $1);
-- name: account_password
SELECT hash FROM password WHERE person_id = $1 ORDER BY set_ms DESC LIMIT 1;
-- name: account_password_last_ms
SELECT max(set_ms) FROM password WHERE person_id = $1;
-- name: account_session_add
INSERT INTO session (id, person_id, csrf, created_ms, expires_ms, client, awaits_code, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: account_session
SELECT session.person_id, session.csrf, person.name, person.login, person.locale,
       (SELECT sum(CASE role WHEN 'learner' THEN 1 WHEN 'instructor' THEN 2 WHEN 'assessor' THEN 4 ELSE 8 END)
          FROM person_role WHERE person_role.person_id = session.person_id),
       session.expires_ms, session.created_ms, coalesce(session_use.used_ms, session.created_ms),
       (SELECT issued FROM password WHERE password.person_id = session.person_id ORDER BY set_ms DESC LIMIT 1),
       session.awaits_code,
       (SELECT count(*) FROM second_factor WHERE second_factor.person_id = session.person_id AND ended_ms IS NULL AND confirmed_ms IS NOT NULL),
       person.reading, session.seal
  FROM session JOIN person ON person.id = session.person_id LEFT JOIN session_use ON session_use.session_id = session.id
 WHERE session.id = $1 AND session.ended_ms IS NULL AND session.expires_ms > $2 AND person.deactivated_ms IS NULL;
-- name: account_session_began
SELECT created_ms FROM session WHERE id = $1;
-- name: account_interest
SELECT 1 FROM cert_interest WHERE person_id = $1 AND candidate_id = $2;
-- name: account_session_used
INSERT INTO session_use (session_id, used_ms) VALUES ($1, $2)
    ON CONFLICT (session_id) DO UPDATE SET used_ms = excluded.used_ms WHERE excluded.used_ms > session_use.used_ms;
-- name: account_sessions
SELECT id, created_ms, client, coalesce(used_ms, created_ms) FROM session LEFT JOIN session_use ON session_id = id
 WHERE person_id = $1 AND ended_ms IS NULL AND expires_ms > $2 ORDER BY created_ms DESC;
-- name: account_session_end
UPDATE session SET ended_ms = $2, seal = NULL WHERE id = $1 AND ended_ms IS NULL;
-- name: account_sessions_end
UPDATE session SET ended_ms = $2, seal = NULL WHERE person_id = $1 AND ended_ms IS NULL AND id <> $3;
-- name: account_attempt_add
INSERT INTO login_attempt (id, login, client, at_ms, succeeded) VALUES ($1, $2, $3, $4, $5);
-- name: account_guesses
SELECT at_ms, client = $2, succeeded FROM login_attempt WHERE login = $1 AND at_ms > $3 ORDER BY at_ms DESC LIMIT 500;
-- name: account_client_failures
SELECT count(*) FROM (SELECT 1 FROM login_attempt WHERE client = $1 AND at_ms > $2 AND succeeded = 0 LIMIT $3) AS counted;
-- name: account_known_client
SELECT 1 FROM session JOIN person ON person.id = session.person_id
 WHERE person.login = $1 AND session.client = $2 AND session.created_ms > $3 AND session.awaits_code = 0 LIMIT 1;
-- name: account_factor
SELECT id, secret, made_ms, coalesce(confirmed_ms, 0), last_step,
       (SELECT count(*) FROM recovery_code WHERE factor_id = second_factor.id AND used_ms IS NULL)
  FROM second_factor WHERE person_id = $1 AND ended_ms IS NULL ORDER BY made_ms DESC LIMIT 1;
-- name: account_factor_add
INSERT INTO second_factor (id, person_id, secret, made_ms) VALUES ($1, $2, $3, $4);
-- name: account_factor_confirm
UPDATE second_factor SET confirmed_ms = $2, last_step = $3 WHERE id = $1;
-- name: account_factor_step
UPDATE second_factor SET last_step = $2 WHERE id = $1 AND last_step < $2;
-- name: account_factor_end
UPDATE second_factor SET ended_ms = $2 WHERE person_id = $1 AND ended_ms IS NULL;
-- name: account_recovery_add
INSERT INTO recovery_code (factor_id, hash) VALUES ($1, $2);
-- name: account_recovery_use
UPDATE recovery_code SET used_ms = $3 WHERE factor_id = $1 AND hash = $2 AND used_ms IS NULL;
-- name: account_password_forget
DELETE FROM password WHERE person_id = $1 AND set_ms < $2;
-- name: account_cohort_add
INSERT INTO cohort (id, name, programme_id, created_ms) VALUES ($1, $2, $3, $4);
-- name: account_cohort_join
INSERT INTO cohort_member (cohort_id, person_id, role, joined_ms) VALUES ($1, $2, $3, $4)
    ON CONFLICT (cohort_id, person_id, role) DO UPDATE SET left_ms = NULL;
-- name: account_cohort_leave
UPDATE cohort_member SET left_ms = $4 WHERE cohort_id = $1 AND person_id = $2 AND role = $3 AND left_ms IS NULL;
-- name: account_cohorts
SELECT id, name, programme_id, created_ms,
       (SELECT count(*) FROM cohort_member m WHERE m.cohort_id = cohort.id AND m.role = 'learner' AND m.left_ms IS NULL),
       (SELECT count(*) FROM cohort_member m WHERE m.cohort_id = cohort.id AND m.role = 'instructor' AND m.left_ms IS NULL)
  FROM cohort ORDER BY created_ms DESC, id DESC LIMIT 500;
-- name: account_cohort
SELECT id, name, programme_id, created_ms,
       (SELECT count(*) FROM cohort_member m WHERE m.cohort_id = cohort.id AND m.role = 'learner' AND m.left_ms IS NULL),
       (SELECT count(*) FROM cohort_member m WHERE m.cohort_id = cohort.id AND m.role = 'instructor' AND m.left_ms IS NULL)
  FROM cohort WHERE id = $1;
-- name: account_cohort_members
SELECT person.id, person.name, person.login, m.role = 'instructor', m.joined_ms
  FROM cohort_member m JOIN person ON person.id = m.person_id
 WHERE m.cohort_id = $1 AND m.left_ms IS NULL ORDER BY m.role, person.name, person.id;
-- name: account_taught
SELECT count(*) FROM cohort_member AS teacher
  JOIN cohort_member AS learner ON learner.cohort_id = teacher.cohort_id
 WHERE teacher.person_id = $1 AND teacher.role = 'instructor' AND learner.person_id = $2 AND learner.role = 'learner';
-- name: account_learners_of
SELECT person.id, person.name, cohort.id, cohort.name, cohort.programme_id FROM cohort_member AS teacher
  JOIN cohort_member AS learner ON learner.cohort_id = teacher.cohort_id AND learner.role = 'learner'
  JOIN person ON person.id = learner.person_id
  JOIN cohort ON cohort.id = teacher.cohort_id
 WHERE teacher.person_id = $1 AND teacher.role = 'instructor' AND teacher.left_ms IS NULL AND learner.left_ms IS NULL
 ORDER BY cohort.created_ms DESC, cohort.id, person.name, person.id;
-- name: account_logged
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
 WHERE subject = $1 AND action IN ('person.add', 'person.roles', 'person.name', 'person.password', 'cohort.join', 'cert.interest') ORDER BY seq;
-- name: account_password_logged
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
 WHERE subject = $1 AND action IN ('person.add', 'person.password') ORDER BY seq DESC LIMIT 1;
-- name: account_factor_logged
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
 WHERE subject = $1 AND action IN ('person.factor', 'person.factor_end', 'person.recovery') ORDER BY seq;
-- name: account_recovery_hashes
SELECT hash FROM recovery_code WHERE factor_id = $1 ORDER BY hash;
-- name: account_log_accepted
SELECT 1 FROM audit_log WHERE subject = 'audit' AND action = 'audit.accept' LIMIT 1;
-- name: account_roles_granted
SELECT role, granted_ms, granted_by FROM person_role WHERE person_id = $1 ORDER BY role;
-- name: account_member_there
SELECT 1 FROM cohort_member WHERE cohort_id = $1 AND person_id = $2 AND role = $3;

-- Once, when a log is accepted: whoever has power.
-- name: account_powerful
SELECT DISTINCT person_id FROM person_role WHERE role <> 'learner' ORDER BY person_id;
