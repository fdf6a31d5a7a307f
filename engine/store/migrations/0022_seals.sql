-- Rows that give somebody something are sealed with the key of the data folder (seal.key): what does not fit was written
-- past the program.
ALTER TABLE session ADD COLUMN seal TEXT;
