-- name: lab_pack_keep
INSERT INTO lab_pack (version, scenario_id, title, kept_ms, bytes) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: lab_pack
SELECT bytes FROM lab_pack WHERE version = $1;

-- Once in the life of an academy: scenarios that were kept before the log named them.
-- name: lab_packs_all
SELECT version, scenario_id FROM lab_pack ORDER BY version;

-- name: lab_run_add
INSERT INTO lab_run (id, person_id, scenario_id, version, choice, seed, engine, started_ms, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: lab_run_seal
SELECT sealed_seq, sealed_hash, seal FROM lab_run WHERE id = $1;

-- Once a key: the runs that were begun before it, page by page.
-- name: lab_runs_behind
SELECT id, coalesce((SELECT max(seq) FROM lab_action WHERE run_id = lab_run.id), 0),
       (SELECT hash FROM lab_action WHERE run_id = lab_run.id ORDER BY seq DESC LIMIT 1)
  FROM lab_run WHERE id > $1 ORDER BY id LIMIT $2;

-- name: lab_run_seal_set
UPDATE lab_run SET sealed_seq = $2, sealed_hash = $3, seal = $4 WHERE id = $1;

-- name: lab_run
SELECT id, person_id, scenario_id, version, choice, seed, engine, started_ms FROM lab_run WHERE id = $1;

-- The newest first, up to the limit.
-- name: lab_starts
SELECT started_ms FROM lab_run WHERE person_id = $1 AND scenario_id = $2 AND started_ms > $3 ORDER BY started_ms DESC LIMIT $4;

-- name: lab_open_starts
SELECT r.started_ms FROM lab_run r
 WHERE r.person_id = $1 AND r.scenario_id = $2 AND r.started_ms > $3
   AND NOT EXISTS (SELECT 1 FROM lab_checking c WHERE c.run_id = r.id AND c.total > 0 AND c.passed = c.total)
 ORDER BY r.started_ms DESC LIMIT $4;

-- name: lab_runs_of_person
SELECT r.id, r.scenario_id, r.version, r.choice, r.started_ms, p.title,
       (SELECT max(seq) FROM lab_action WHERE run_id = r.id) AS actions,
       (SELECT min(at_ms) FROM lab_checking c WHERE c.run_id = r.id AND c.total > 0 AND c.passed = c.total) AS passed_ms,
       (SELECT max(passed) FROM lab_checking c WHERE c.run_id = r.id) AS best,
       (SELECT max(total) FROM lab_checking c WHERE c.run_id = r.id) AS total,
       (SELECT count(*) FROM lab_hint h WHERE h.run_id = r.id) AS hints,
       coalesce((SELECT at_ms FROM lab_action WHERE run_id = r.id ORDER BY seq DESC LIMIT 1), r.started_ms) AS last_ms
FROM lab_run r JOIN lab_pack p ON p.version = r.version
WHERE r.person_id = $1 AND (CAST($2 AS TEXT) IS NULL OR r.scenario_id = $2)
ORDER BY r.started_ms, r.id;

-- name: lab_action_head
SELECT seq, hash FROM lab_action WHERE run_id = $1 ORDER BY seq DESC LIMIT 1;

-- name: lab_action_add
INSERT INTO lab_action (run_id, seq, at_ms, actor_id, action, status, answer_sha, hash, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: lab_actions
SELECT seq, at_ms, actor_id, action, status, answer_sha, hash, seal FROM lab_action WHERE run_id = $1 ORDER BY seq;

-- name: lab_action
SELECT seq, at_ms, actor_id, action, status, answer_sha, hash FROM lab_action WHERE run_id = $1 AND seq = $2;

-- The newest checkpoints that a learner set.
-- name: lab_checkpoints
SELECT seq, at_ms, action FROM lab_action
 WHERE run_id = $1 AND action >= '{"kind":"checkpoint"' AND action < '{"kind":"checkpoint#' ORDER BY seq DESC LIMIT $2;

-- How often a run went back, and how often to its begin.
-- name: lab_resets
SELECT count(*), coalesce(sum(CASE WHEN action = '{"kind":"rewind","to":0}' THEN 1 ELSE 0 END), 0) FROM lab_action
 WHERE run_id = $1 AND action >= '{"kind":"rewind"' AND action < '{"kind":"rewind#';

-- name: lab_bytes_of_person
SELECT (SELECT sum(length(CAST(a.action AS BLOB))) FROM lab_action a WHERE a.run_id = r.id) FROM lab_run r WHERE r.person_id = $1;

-- name: lab_snapshot
SELECT seq, seal, image FROM lab_snapshot WHERE run_id = $1;

-- name: lab_snapshot_keep
INSERT INTO lab_snapshot (run_id, seq, made_ms, seal, image) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (run_id) DO UPDATE SET seq = excluded.seq, made_ms = excluded.made_ms, seal = excluded.seal, image = excluded.image;

-- name: lab_checking_add
INSERT INTO lab_checking (id, run_id, seq, at_ms, passed, total, points, verdicts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: lab_checking_last
SELECT seq, at_ms, passed, total, points, verdicts FROM lab_checking WHERE run_id = $1 ORDER BY at_ms DESC, id DESC LIMIT 1;

-- name: lab_evidence_checkings
SELECT at_ms, seq, passed, total, verdicts FROM lab_checking WHERE run_id = $1 ORDER BY at_ms DESC, id DESC LIMIT $2;

-- name: lab_evidence_hints
SELECT check_id, level, at_ms FROM lab_hint WHERE run_id = $1 ORDER BY at_ms DESC, check_id, level LIMIT $2;

-- name: lab_hint_add
INSERT INTO lab_hint (run_id, check_id, level, at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: lab_hints
SELECT check_id, max(level) FROM lab_hint WHERE run_id = $1 GROUP BY check_id;

-- name: lab_incident_add
INSERT INTO lab_incident (id, run_id, at_ms, kind, detail) VALUES ($1, $2, $3, $4, $5);

-- name: lab_incidents
SELECT at_ms, kind, detail FROM lab_incident WHERE run_id = $1 ORDER BY at_ms DESC LIMIT 20;

-- name: lab_note_add
INSERT INTO lab_note (id, run_id, seq, at_ms, author_id, shown, text) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: lab_notes_count
SELECT count(*) FROM lab_note WHERE run_id = $1;

-- name: lab_notes
SELECT n.seq, n.at_ms, n.author_id, n.shown, n.text FROM lab_note n WHERE n.run_id = $1 ORDER BY n.seq, n.at_ms LIMIT $2;

-- name: lab_recorded
SELECT r.person_id, r.scenario_id, r.version, r.choice, c.at_ms, coalesce(c.total, 0), r.started_ms, coalesce(c.seq, 0)
FROM lab_run r LEFT JOIN lab_checking c ON c.id = (
    SELECT id FROM lab_checking WHERE run_id = r.id AND total > 0 AND passed = total ORDER BY at_ms, id LIMIT 1)
WHERE r.id = $1;
