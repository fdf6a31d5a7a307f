-- Points of a result are counted in steps: a point has so many of them. All that was scored before was all or nothing.
ALTER TABLE exam_result ADD COLUMN steps INTEGER NOT NULL DEFAULT 1 CHECK (steps BETWEEN 1 AND 2520);
