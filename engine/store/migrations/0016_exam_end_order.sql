-- Attempts that end together have one time: their list is cut by time and id.
DROP INDEX exam_end_by_deadline;
CREATE INDEX exam_end_by_deadline ON exam_end (recorded_ms, attempt_id) WHERE how = 'deadline';
