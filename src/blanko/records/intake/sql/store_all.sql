-- Every staged row is new and stands once.
INSERT INTO {table} ({columns}, regency, warnings, row_no, version, file_id, event_id)
SELECT {columns}, regency, warnings, row_no, 1, %(file)s, %(event)s FROM intake_staging
