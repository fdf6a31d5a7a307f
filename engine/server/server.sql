-- name: server_counts
SELECT 'people', n FROM kept_count WHERE name = 'people'
UNION ALL SELECT 'sessions open', n FROM kept_count WHERE name = 'sessions open'
UNION ALL SELECT 'cohorts', n FROM kept_count WHERE name = 'cohorts'
UNION ALL SELECT 'audit rows', coalesce(max(seq), 0) FROM audit_log;

-- name: server_lab_runs
SELECT count(*) FROM lab_snapshot;
-- name: server_sealed
SELECT (SELECT count(seal) FROM content_completion) + (SELECT count(seal) FROM lab_run) + (SELECT count(seal) FROM exam_response);

-- Delete rows that are past their time (see server/keeping.c): older than $1, at most $2 of them.
-- name: server_forget_attempts
DELETE FROM login_attempt WHERE id IN (SELECT id FROM login_attempt WHERE at_ms < $1 ORDER BY at_ms LIMIT $2);

-- name: server_forget_sessions
DELETE FROM session
 WHERE id IN (SELECT id FROM session WHERE coalesce(ended_ms, expires_ms) < $1 ORDER BY coalesce(ended_ms, expires_ms) LIMIT $2);

-- name: server_signing_keys
SELECT signing_key, count(*) FROM cert_credential GROUP BY signing_key ORDER BY signing_key;
