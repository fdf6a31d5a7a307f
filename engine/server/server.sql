-- name: server_counts
SELECT 'people', count(*) FROM person
UNION ALL SELECT 'sessions open', count(*) FROM session WHERE ended_ms IS NULL
UNION ALL SELECT 'cohorts', count(*) FROM cohort
UNION ALL SELECT 'audit rows', count(*) FROM audit_log;
