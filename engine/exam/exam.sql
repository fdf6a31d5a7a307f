-- name: exam_item_add
INSERT INTO exam_item_version (id, version, source, first_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
-- name: exam_item_source
SELECT source FROM exam_item_version WHERE id = $1 AND version = $2;

-- name: exam_publication_last
SELECT n, exam_id, exam_version, source, items FROM exam_publication WHERE file = $1 ORDER BY n DESC LIMIT 1;
-- name: exam_publication_add
INSERT INTO exam_publication (file, n, exam_id, exam_version, source, items, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7);
-- name: exam_publications_of
SELECT exam_id, exam_version, source, items FROM exam_publication WHERE exam_version = $1 ORDER BY file, n;
-- name: exam_publications_all
SELECT exam_id, exam_version, source, items FROM exam_publication ORDER BY file, n;

-- name: exam_attempt_add
INSERT INTO exam_attempt (id, exam_id, exam_version, person_id, practice, review_full, cut_permille, minutes, extra_permille,
                          start_ms, deadline_ms, form)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
-- name: exam_open_add
INSERT INTO exam_open (attempt_id, person_id, exam_id, shape, deadline_ms, seal) VALUES ($1, $2, $3, $4, $5, $6);
-- name: exam_open_of
SELECT attempt_id FROM exam_open WHERE person_id = $1 AND exam_id = $2;
-- name: exam_open_list
SELECT o.attempt_id, o.exam_id, a.start_ms, o.deadline_ms, o.shape
  FROM exam_open o JOIN exam_attempt a ON a.id = o.attempt_id
 WHERE o.person_id = $1 ORDER BY o.deadline_ms;
-- name: exam_attempt
SELECT a.exam_id, a.exam_version, a.practice, a.review_full, a.cut_permille, a.minutes, a.extra_permille, a.start_ms,
       coalesce(o.deadline_ms, e.deadline_ms, a.deadline_ms), a.form, o.attempt_id IS NOT NULL, e.how, e.submitted_ms, a.person_id
  FROM exam_attempt a
  LEFT JOIN exam_open o ON o.attempt_id = a.id
  LEFT JOIN exam_end e ON e.attempt_id = a.id
 WHERE a.id = $1;
-- name: exam_past
SELECT a.id, a.start_ms, e.submitted_ms,
       (SELECT r.passed FROM exam_result r WHERE r.attempt_id = a.id ORDER BY r.n DESC LIMIT 1), a.form
  FROM exam_attempt a
  LEFT JOIN exam_end e ON e.attempt_id = a.id
 WHERE a.person_id = $1 AND a.exam_id = $2 ORDER BY a.start_ms DESC, a.id DESC LIMIT $3;

-- name: exam_save_look
SELECT deadline_ms, shape, saves, seal FROM exam_open WHERE attempt_id = $1 AND person_id = $2;
-- name: exam_save_newest
SELECT seq, client, response, saved_ms, n FROM exam_response WHERE attempt_id = $1 AND slot = $2 ORDER BY seq DESC, n DESC LIMIT 1;
-- name: exam_save_same
SELECT n, saved_ms FROM exam_response
 WHERE attempt_id = $1 AND slot = $2 AND seq = $3 AND client = $4 AND response = $5 ORDER BY n LIMIT 1;
-- name: exam_save_older
SELECT count(*), coalesce(max(CASE WHEN seq = $3 THEN n END), 0) FROM exam_response WHERE attempt_id = $1 AND slot = $2;
-- name: exam_save_add
INSERT INTO exam_response (attempt_id, slot, seq, n, client, response, saved_ms, ordinal, seal)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: exam_saves_count
UPDATE exam_open SET saves = $2, seal = $3 WHERE attempt_id = $1;
-- name: exam_saves_sealed
SELECT slot, seq, n, client, response, saved_ms, ordinal, seal FROM exam_response WHERE attempt_id = $1;

-- name: exam_flag_look
SELECT o.deadline_ms, o.shape, (SELECT max(n) FROM exam_flag WHERE attempt_id = $1)
  FROM exam_open o WHERE o.attempt_id = $1 AND o.person_id = $2;
-- name: exam_flag_add
INSERT INTO exam_flag (attempt_id, n, slot, flagged, at_ms) VALUES ($1, $2, $3, $4, $5);
-- name: exam_flags
SELECT slot, flagged FROM exam_flag WHERE attempt_id = $1 ORDER BY n;

-- name: exam_evidence_saves
SELECT slot, saved_ms, response, client FROM exam_response
 WHERE attempt_id = $1 ORDER BY saved_ms DESC, slot DESC, seq DESC, n DESC LIMIT $2;
-- name: exam_evidence_slots
SELECT slot, count(*), min(saved_ms), max(saved_ms) FROM exam_response WHERE attempt_id = $1 GROUP BY slot;
-- name: exam_evidence_flags
SELECT slot, flagged, at_ms FROM exam_flag WHERE attempt_id = $1 ORDER BY n DESC LIMIT $2;

-- name: exam_open_deadline
SELECT deadline_ms, person_id, shape, saves, seal FROM exam_open WHERE attempt_id = $1;
-- name: exam_open_remove
DELETE FROM exam_open WHERE attempt_id = $1;
-- name: exam_end_add
INSERT INTO exam_end (attempt_id, how, submitted_ms, recorded_ms, deadline_ms) VALUES ($1, $2, $3, $4, $5);
-- name: exam_unscored_add
INSERT INTO exam_unscored (attempt_id) VALUES ($1);
-- name: exam_unscored_remove
DELETE FROM exam_unscored WHERE attempt_id = $1;
-- name: exam_unscored_next
SELECT attempt_id FROM exam_unscored WHERE attempt_id > $1 ORDER BY attempt_id LIMIT 1;
-- name: exam_expired
SELECT attempt_id FROM exam_open WHERE deadline_ms <= $1 ORDER BY deadline_ms LIMIT $2;

-- name: exam_result_add
INSERT INTO exam_result (attempt_id, n, scoring_version, computed_ms, correct, total, permille, cut_permille, scaled, passed, domains, steps)
SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM exam_result WHERE attempt_id = $1;
-- name: exam_results
SELECT a.id, a.exam_id, a.exam_version, a.start_ms, a.practice, e.submitted_ms, e.how,
       r.scoring_version, r.correct, r.total, r.permille, r.cut_permille, r.scaled, r.passed, r.domains, r.steps, a.minutes
  FROM exam_attempt a
  JOIN exam_end e ON e.attempt_id = a.id
  JOIN exam_result r ON r.attempt_id = a.id AND r.n = (SELECT max(n) FROM exam_result WHERE attempt_id = a.id)
 WHERE a.person_id = $1 AND (CAST($2 AS TEXT) IS NULL OR a.exam_id = $2) ORDER BY e.submitted_ms, a.id;
-- name: exam_result_of
SELECT scoring_version, correct, total, permille, cut_permille, scaled, passed, domains
  FROM exam_result WHERE attempt_id = $1 ORDER BY n DESC LIMIT 1;

-- name: exam_accommodation_add
INSERT INTO exam_accommodation (id, person_id, exam_id, factor_permille, reason, approved_by, granted_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7);
-- name: exam_accommodation_of
SELECT factor_permille FROM exam_accommodation
 WHERE person_id = $1 AND (exam_id IS NULL OR exam_id = $2) ORDER BY granted_ms DESC, id DESC LIMIT 1;
-- name: exam_accommodations
SELECT x.exam_id, x.factor_permille, x.reason, coalesce(p.name, x.approved_by), x.granted_ms
  FROM exam_accommodation x LEFT JOIN person p ON p.id = x.approved_by
 WHERE x.person_id = $1 ORDER BY x.granted_ms DESC, x.id DESC LIMIT 100;
-- name: exam_open_times
SELECT o.attempt_id, a.start_ms + o.moved_ms, a.minutes FROM exam_open o JOIN exam_attempt a ON a.id = o.attempt_id
 WHERE o.person_id = $1 AND (CAST($2 AS TEXT) IS NULL OR o.exam_id = $2);
-- name: exam_open_stretch
UPDATE exam_open SET deadline_ms = $2 WHERE attempt_id = $1;

-- name: exam_key
SELECT secret FROM exam_key WHERE id = 1;
-- name: exam_key_add
INSERT INTO exam_key (id, secret, made_ms) VALUES (1, $1, $2) ON CONFLICT DO NOTHING;

-- name: exam_clock_mark
SELECT trusted_ms, boot_ms, boot_id, seal FROM clock_mark WHERE id = 1;
-- name: exam_clock_mark_set
INSERT INTO clock_mark (id, trusted_ms, boot_ms, boot_id, seal) VALUES (1, $1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET trusted_ms = excluded.trusted_ms, boot_ms = excluded.boot_ms, boot_id = excluded.boot_id, seal = excluded.seal;
-- name: exam_clock_event_add
INSERT INTO clock_event (n, at_ms, kind, off_ms, since_ms)
SELECT coalesce(max(n), 0) + 1, $1, $2, $3, $4 FROM clock_event;
-- name: exam_clock_events
SELECT at_ms, kind, off_ms, since_ms FROM clock_event ORDER BY n DESC LIMIT $1;
-- name: exam_open_move
UPDATE exam_open SET deadline_ms = deadline_ms + $1, moved_ms = moved_ms + $1;
-- name: exam_open_move_since
UPDATE exam_open SET deadline_ms = deadline_ms + $1, moved_ms = moved_ms + $1
 WHERE EXISTS (SELECT 1 FROM exam_attempt a WHERE a.id = exam_open.attempt_id AND a.start_ms >= $2);

-- name: exam_end_undone
INSERT INTO exam_reopened (attempt_id, n, how, submitted_ms, recorded_ms, deadline_ms, at_ms, by_person, reason, given_ms)
SELECT e.attempt_id, (SELECT count(*) + 1 FROM exam_reopened r WHERE r.attempt_id = $1),
       e.how, e.submitted_ms, e.recorded_ms, e.deadline_ms, $2, $3, $4, $5
  FROM exam_end e WHERE e.attempt_id = $1;
-- name: exam_end_remove
DELETE FROM exam_end WHERE attempt_id = $1;
-- name: exam_open_again
INSERT INTO exam_open (attempt_id, person_id, exam_id, shape, deadline_ms, moved_ms, saves, seal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: exam_ended_by_clock
SELECT e.attempt_id, a.exam_id, p.name, a.start_ms, e.recorded_ms
  FROM exam_end e JOIN exam_attempt a ON a.id = e.attempt_id JOIN person p ON p.id = a.person_id
 WHERE e.how = 'deadline' AND (e.recorded_ms, e.attempt_id) < ($1, $2)
 ORDER BY e.recorded_ms DESC, e.attempt_id DESC LIMIT $3;
-- name: exam_exceptions_reopened
SELECT r.at_ms, r.given_ms, r.reason, coalesce(p.name, r.by_person)
  FROM exam_reopened r LEFT JOIN person p ON p.id = r.by_person
 WHERE r.attempt_id = $1 ORDER BY r.n LIMIT 100;
-- name: exam_exceptions_time
SELECT x.granted_ms, x.factor_permille, x.reason, coalesce(p.name, x.approved_by)
  FROM exam_attempt a JOIN exam_accommodation x ON x.person_id = a.person_id AND (x.exam_id IS NULL OR x.exam_id = a.exam_id)
  LEFT JOIN exam_end e ON e.attempt_id = a.id LEFT JOIN person p ON p.id = x.approved_by
 WHERE a.id = $1 AND x.granted_ms <= coalesce(e.submitted_ms, x.granted_ms) ORDER BY x.granted_ms, x.id LIMIT 100;
-- name: exam_reopened_list
SELECT r.attempt_id, a.exam_id, p.name, r.at_ms, coalesce(b.name, r.by_person), r.reason, r.given_ms
  FROM exam_reopened r JOIN exam_attempt a ON a.id = r.attempt_id JOIN person p ON p.id = a.person_id
  LEFT JOIN person b ON b.id = r.by_person
 ORDER BY r.at_ms DESC LIMIT $1;

-- What stands against the audit log.
-- name: exam_recorded
SELECT t.person_id, t.exam_id, t.exam_version, t.practice, t.start_ms, e.submitted_ms, coalesce(e.recorded_ms, 0),
       r.computed_ms, coalesce(r.correct, 0), coalesce(r.total, 0), coalesce(r.passed, 0),
       t.cut_permille, t.minutes, t.extra_permille, e.how, coalesce(o.deadline_ms, e.deadline_ms, t.deadline_ms),
       (SELECT coalesce(max(saved_ms), 0) FROM exam_response s WHERE s.attempt_id = t.id), o.attempt_id IS NOT NULL
  FROM exam_attempt t LEFT JOIN exam_end e ON e.attempt_id = t.id LEFT JOIN exam_open o ON o.attempt_id = t.id
  LEFT JOIN exam_result r ON r.attempt_id = t.id AND r.n = (SELECT max(n) FROM exam_result WHERE attempt_id = t.id)
 WHERE t.id = $1;
-- name: exam_recomputed
SELECT t.form, t.cut_permille, e.attempt_id IS NOT NULL, r.scoring_version, coalesce(r.correct, 0), coalesce(r.total, 0),
       coalesce(r.permille, 0), coalesce(r.cut_permille, 0), coalesce(r.scaled, 0), coalesce(r.passed, 0), r.domains, coalesce(r.steps, 1)
  FROM exam_attempt t LEFT JOIN exam_end e ON e.attempt_id = t.id
  LEFT JOIN exam_result r ON r.attempt_id = t.id AND r.n = (SELECT max(n) FROM exam_result WHERE attempt_id = t.id)
 WHERE t.id = $1;
-- name: exam_saves_recorded
SELECT e.attempt_id IS NOT NULL, coalesce(o.saves, 0), o.seal
  FROM exam_attempt t LEFT JOIN exam_end e ON e.attempt_id = t.id LEFT JOIN exam_open o ON o.attempt_id = t.id
 WHERE t.id = $1;
-- name: exam_saves_ordinals
SELECT count(*), count(DISTINCT ordinal), coalesce(min(ordinal), 0), coalesce(max(ordinal), 0)
  FROM exam_response WHERE attempt_id = $1;
-- name: exam_reopened_recorded
SELECT at_ms, by_person, given_ms, submitted_ms FROM exam_reopened WHERE attempt_id = $1 ORDER BY n;
-- name: exam_clock_logged
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
 WHERE subject = 'clock' AND action = 'clock.followed' AND seq > $1 ORDER BY seq;
-- name: exam_time_recorded
SELECT exam_id, factor_permille, approved_by, granted_ms FROM exam_accommodation WHERE person_id = $1 ORDER BY granted_ms, id;
-- name: exam_time_logged
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log WHERE subject = $1 AND action = 'exam.accommodate' ORDER BY seq;
-- name: exam_starts_logged
SELECT subject, substr(detail, 1, length($2) + 10) = '{"exam":"' || $2 || '"' FROM audit_log
 WHERE actor = $1 AND action = 'exam.start' AND detail NOT LIKE '%"practice":true%' ORDER BY subject;
