-- name: account_person_add
INSERT INTO person (id, login, name, email, locale, created_ms) VALUES ($1, $2, $3, $4, NULL, $5);
-- name: account_person
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person WHERE id = $1;
-- name: account_person_by_login
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person WHERE login = $1;
-- name: account_people
SELECT id, login, name, email, locale, created_ms, deactivated_ms,
       (SELECT group_concat(role, ',') FROM person_role WHERE person_id = person.id)
  FROM person
 WHERE $1 IS NULL OR instr(lower(name), lower($1)) > 0 OR instr(login, lower($1)) > 0 OR instr(lower(email), lower($1)) > 0
 ORDER BY name, id LIMIT $2 OFFSET $3;
-- name: account_set_name
UPDATE person SET name = $2 WHERE id = $1;
-- name: account_set_locale
UPDATE person SET locale = $2 WHERE id = $1;
-- name: account_role_add
INSERT INTO person_role (person_id, role, granted_ms, granted_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
-- name: account_role_remove
DELETE FROM person_role WHERE person_id = $1 AND role = $2;
-- name: account_admins
SELECT count(*) FROM person_role JOIN person ON person.id = person_id WHERE role = 'admin' AND deactivated_ms IS NULL;
-- name: account_password_add
INSERT INTO password (person_id, set_ms, hash) VALUES ($1, $2, $3);
-- name: account_password
SELECT hash FROM password WHERE person_id = $1 ORDER BY set_ms DESC LIMIT 1;
-- name: account_password_last_ms
SELECT max(set_ms) FROM password WHERE person_id = $1;
-- name: account_session_add
INSERT INTO session (id, person_id, csrf, created_ms, expires_ms, client) VALUES ($1, $2, $3, $4, $5, $6);
-- name: account_session
SELECT session.person_id, session.csrf, person.name, person.login, person.locale,
       (SELECT sum(CASE role WHEN 'learner' THEN 1 WHEN 'instructor' THEN 2 WHEN 'assessor' THEN 4 ELSE 8 END)
          FROM person_role WHERE person_role.person_id = session.person_id),
       session.expires_ms
  FROM session JOIN person ON person.id = session.person_id
 WHERE session.id = $1 AND session.ended_ms IS NULL AND session.expires_ms > $2 AND person.deactivated_ms IS NULL;
-- name: account_sessions
SELECT id, created_ms, client FROM session
 WHERE person_id = $1 AND ended_ms IS NULL AND expires_ms > $2 ORDER BY created_ms DESC;
-- name: account_session_end
UPDATE session SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL;
-- name: account_sessions_end
UPDATE session SET ended_ms = $2 WHERE person_id = $1 AND ended_ms IS NULL AND id <> $3;
-- name: account_attempt_add
INSERT INTO login_attempt (id, login, client, at_ms, succeeded) VALUES ($1, $2, $3, $4, $5);
-- name: account_attempts_pair
SELECT count(*), coalesce(max(at_ms), 0) FROM login_attempt
 WHERE login = $1 AND client = $2 AND at_ms > $3 AND succeeded = 0
   AND at_ms > coalesce((SELECT max(at_ms) FROM login_attempt WHERE login = $1 AND client = $2 AND succeeded = 1), 0);
-- name: account_attempts_login
SELECT count(*), coalesce(max(at_ms), 0) FROM login_attempt WHERE login = $1 AND at_ms > $2 AND succeeded = 0;
-- name: account_attempts_client
SELECT count(*), coalesce(max(at_ms), 0) FROM login_attempt WHERE client = $1 AND at_ms > $2 AND succeeded = 0;
-- name: account_known_client
SELECT 1 FROM session JOIN person ON person.id = session.person_id
 WHERE person.login = $1 AND session.client = $2 AND session.created_ms > $3 LIMIT 1;
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
  FROM cohort WHERE $1 IS NULL OR id = $1 ORDER BY created_ms DESC, id LIMIT 500;
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
