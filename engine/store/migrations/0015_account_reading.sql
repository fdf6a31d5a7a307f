-- The language that a person chose to read in (BCP 47), which need not be that of the pages around the text. NULL: none was
-- chosen.
ALTER TABLE person ADD COLUMN reading TEXT;
