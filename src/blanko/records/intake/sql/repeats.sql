-- Rows whose key was known before this part or stands in it more than once: only these need a closer look. The key's
-- index is asked once a row: a part is small, the table may hold a nation.
CREATE TEMP TABLE intake_version ON COMMIT DROP AS
WITH repeated AS (
    SELECT {key} FROM intake_staging GROUP BY {key} HAVING count(*) > 1
),
closer AS (
    SELECT s.row_no, {staged_key}, ROW({staged_columns})::text AS content, known.content AS known_content,
           coalesce(known.version, 0) AS version
    FROM intake_staging AS s
    LEFT JOIN LATERAL (
        SELECT f.version, ROW({known_columns})::text AS content
        FROM {table} AS f WHERE {same} ORDER BY f.version DESC LIMIT 1
    ) AS known ON true
    WHERE known.version IS NOT NULL OR ({staged_key}) IN (SELECT {key} FROM repeated)
),
compared AS (
    SELECT *, coalesce(lag(content) OVER (PARTITION BY {key} ORDER BY row_no), known_content)
                  IS NOT DISTINCT FROM content AS unchanged
    FROM closer
)
SELECT row_no, unchanged,
       version + count(*) FILTER (WHERE NOT unchanged) OVER (PARTITION BY {key} ORDER BY row_no) AS version
FROM compared
