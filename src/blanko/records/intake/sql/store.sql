INSERT INTO {table} ({columns}, regency, warnings, row_no, version, file_id, event_id)
SELECT {staged_columns}, s.regency, s.warnings, s.row_no, coalesce(v.version, 1), %(file)s, %(event)s
FROM intake_staging AS s
LEFT JOIN intake_version AS v USING (row_no)
WHERE v.unchanged IS NOT TRUE
