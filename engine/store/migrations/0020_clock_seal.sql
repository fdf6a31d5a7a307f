-- The clock's mark is sealed with the key of the data folder (clock.key): what does not fit is no mark.
ALTER TABLE clock_mark ADD COLUMN seal TEXT;
