-- name: audit_last
SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1;

-- name: audit_add
INSERT INTO audit_log (seq, at_ms, actor, action, subject, detail, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: audit_chain
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log WHERE seq >= $1 ORDER BY seq;

-- name: audit_newest
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
WHERE seq < $1 ORDER BY seq DESC LIMIT $2;

-- name: audit_newest_of_subject
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
WHERE subject = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3;

-- name: audit_hash_of
SELECT hash FROM audit_log WHERE seq = $1;

-- name: audit_signed_add
INSERT INTO audit_signed_head (seq, hash, at_ms, key, signature) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (seq) DO NOTHING;

-- name: audit_signed_last
SELECT seq, hash, at_ms, key, signature FROM audit_signed_head ORDER BY seq DESC LIMIT 1;

-- name: audit_signed_first
SELECT seq FROM audit_signed_head ORDER BY seq LIMIT 1;

-- Once in a process, when a key is missing: the row that each key signed first.
-- name: audit_signed_keys
SELECT min(seq), key FROM audit_signed_head GROUP BY key;

-- name: audit_signs
SELECT seq FROM audit_log WHERE subject = 'signing' AND action = 'audit.signs' ORDER BY seq LIMIT 1;

-- name: audit_signed_of
SELECT seq, hash, at_ms, key, signature FROM audit_signed_head WHERE seq = $1;

-- name: audit_signed_all
SELECT seq, hash, at_ms, key, signature FROM audit_signed_head ORDER BY seq;

-- name: audit_published_from
SELECT seq FROM audit_log WHERE subject = $1 AND action = $2 ORDER BY seq LIMIT 1;

-- name: audit_seal_begins
SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit_log
 WHERE subject = 'seals' AND action = 'seal.begins' ORDER BY seq;

-- name: audit_accepted
SELECT 1 FROM audit_log WHERE subject = 'audit' AND action = 'audit.accept' LIMIT 1;
