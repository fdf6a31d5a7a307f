-- Versions
-- name: content_version_add
INSERT INTO content_version (kind, id, version, lang, file, source, first_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING;
-- name: content_version_source
SELECT source FROM content_version WHERE kind = $1 AND id = $2 AND version = $3 ORDER BY lang LIMIT 1;
-- name: content_programmes_of_version
SELECT id, version, source FROM content_version WHERE kind = 'programme' AND version = $1 ORDER BY id, lang;
-- name: content_programmes_kept
SELECT id, version, source FROM content_version WHERE kind = 'programme' ORDER BY id, version, lang;
-- name: content_publication_add
INSERT INTO content_publication (file, kind, id, lang, version, at_ms) VALUES ($1, $2, $3, $4, $5, $6);
-- name: content_publications
SELECT file, version, kind, id, lang FROM content_publication ORDER BY n;
-- name: content_last_good
SELECT p.version, v.source FROM content_publication AS p
  JOIN content_version AS v ON v.kind = p.kind AND v.id = p.id AND v.version = p.version AND v.lang = p.lang
 WHERE p.file = $1 ORDER BY p.n DESC LIMIT 1;

-- Facts
-- name: content_reading_add
INSERT INTO content_reading (id, person_id, module_id, version, section, position_permille, done, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: content_place_put
INSERT INTO content_place (person_id, module_id, section, done, position_permille, at_ms) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (person_id, module_id, section, done)
    DO UPDATE SET position_permille = excluded.position_permille, at_ms = excluded.at_ms WHERE excluded.at_ms >= content_place.at_ms;
-- name: content_answer_count
SELECT count(*) FROM content_checkpoint_answer WHERE person_id = $1 AND module_id = $2;
-- name: content_answer_add
INSERT INTO content_checkpoint_answer (id, person_id, module_id, version, number, checkpoint, choice, is_right, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: content_completion_add
INSERT INTO content_completion (person_id, module_id, version, at_ms, seal) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (person_id, module_id, version) DO UPDATE SET at_ms = excluded.at_ms, seal = excluded.seal;
-- Once a key: what was completed before it, page by page.
-- name: content_completions_behind
SELECT person_id, module_id, version, at_ms FROM content_completion
 WHERE (person_id, module_id, version) > ($1, $2, $3) ORDER BY person_id, module_id, version LIMIT $4;
-- name: content_completion_seal
UPDATE content_completion SET seal = $4 WHERE person_id = $1 AND module_id = $2 AND version = $3;
-- name: content_facts_of_module
SELECT 1, section, position_permille, done, NULL, at_ms FROM content_place WHERE person_id = $1 AND module_id = $2
UNION ALL
SELECT 2, checkpoint, is_right, number, choice, at_ms FROM content_checkpoint_answer
 WHERE person_id = $1 AND module_id = $2
UNION ALL
SELECT 3, version, NULL, NULL, seal, at_ms FROM content_completion WHERE person_id = $1 AND module_id = $2
 ORDER BY 6;
-- name: content_completed
SELECT at_ms FROM content_completion WHERE person_id = $1 AND module_id = $2 LIMIT 1;
-- name: content_readings_of_person
SELECT module_id, section, position_permille, done, at_ms FROM content_place
 WHERE person_id = $1 ORDER BY module_id, section, done;
-- name: content_answers_of_person
SELECT module_id, checkpoint, is_right, at_ms FROM content_checkpoint_answer WHERE person_id = $1 ORDER BY module_id, at_ms;
-- name: content_completions_of_person
SELECT module_id, version, at_ms, seal FROM content_completion WHERE person_id = $1 ORDER BY module_id, at_ms;
-- name: content_self_add
INSERT INTO content_self_assessment (id, person_id, assessment_id, version, answers, at_ms) VALUES ($1, $2, $3, $4, $5, $6);
-- name: content_self_last
SELECT version, answers, at_ms FROM content_self_assessment WHERE person_id = $1 AND assessment_id = $2
 ORDER BY at_ms DESC LIMIT 1;

-- Search
-- name: content_indexed_all
SELECT file, version, words FROM content_indexed;
-- name: content_indexed_put
INSERT INTO content_indexed (file, version, words) VALUES ($1, $2, $3)
    ON CONFLICT (file) DO UPDATE SET version = excluded.version, words = excluded.words;
-- name: content_indexed_drop
DELETE FROM content_indexed WHERE file = $1;
-- name: content_indexed_clear
DELETE FROM content_indexed;
-- name: content_section_add
INSERT INTO content_section (file, kind, ref, lang, anchor, title, heading, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING n;
-- name: content_sections_of_file
SELECT n, title, heading, text FROM content_section WHERE file = $1 LIMIT $2;
-- name: content_section_drop
DELETE FROM content_section WHERE n = $1;
-- name: content_sections_clear
DELETE FROM content_section;
-- name: content_section
SELECT lang, title, text FROM content_section WHERE n = $1;
-- name: content_section_place
SELECT kind, ref, anchor, heading, title, lang FROM content_section WHERE n = $1;
-- name: content_search_add
INSERT INTO content_search (rowid, title, heading, text) VALUES ($1, $2, $3, $4);
-- name: content_search_drop
INSERT INTO content_search (content_search, rowid, title, heading, text) VALUES ('delete', $1, $2, $3, $4);
-- name: content_search_clear
INSERT INTO content_search (content_search) VALUES ('delete-all');
-- name: content_search_find
SELECT rowid FROM content_search WHERE content_search MATCH $1 LIMIT $2;

-- Words of titles, headings and terms, and their pieces.
-- name: content_word_add
INSERT INTO content_word (word, uses) VALUES ($1, 1) ON CONFLICT (word) DO UPDATE SET uses = content_word.uses + 1 RETURNING uses;
-- name: content_word_drop
UPDATE content_word SET uses = uses - 1 WHERE word = $1 RETURNING uses;
-- name: content_word_gone
DELETE FROM content_word WHERE word = $1;
-- name: content_piece_add
INSERT INTO content_word_piece (piece, word) VALUES ($1, $2);
-- name: content_piece_drop
DELETE FROM content_word_piece WHERE piece = $1 AND word = $2;
-- name: content_piece_words
SELECT p.word, w.uses FROM content_word_piece AS p JOIN content_word AS w ON w.word = p.word WHERE p.piece = $1 LIMIT $2;
-- name: content_pieces_clear
DELETE FROM content_word_piece;
-- name: content_words_clear
DELETE FROM content_word;
