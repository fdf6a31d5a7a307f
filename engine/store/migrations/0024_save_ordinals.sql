-- Which of its attempt's saves an answer was: 1 for the first. A number of answers alone does not tell which of them are gone. Answers
-- that were saved before, or while their number was not known, have 0.
ALTER TABLE exam_response ADD COLUMN ordinal INTEGER NOT NULL DEFAULT 0;
