-- Rows that give somebody something are sealed with the key of the data folder (seal.key): what does not fit was written
-- past the program.
ALTER TABLE session ADD COLUMN seal TEXT;
-- A run's seal also says how far its record went when it was sealed: what is behind that is sealed action by action.
ALTER TABLE lab_run ADD COLUMN sealed_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lab_run ADD COLUMN sealed_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE lab_run ADD COLUMN seal TEXT;
ALTER TABLE lab_action ADD COLUMN seal TEXT;
ALTER TABLE exam_response ADD COLUMN seal TEXT;
ALTER TABLE content_completion ADD COLUMN seal TEXT;
