INSERT INTO {table} ({columns}, regency, warnings, row_no, content, version, file_sha256, event_id)
SELECT {staged_columns}, s.regency, s.warnings, s.row_no, s.content, coalesce(v.version, 1), %(sha256)s, %(event)s
FROM intake_staging AS s
LEFT JOIN intake_version AS v USING (row_no)
WHERE v.unchanged IS NOT TRUE
ORDER BY {key}, s.row_no
