-- Rows whose key was known before this file or stands in it more than once: only these need a closer look.
CREATE TEMP TABLE intake_version ON COMMIT DROP AS
WITH repeated AS (
    SELECT {key} FROM intake_staging GROUP BY {key} HAVING count(*) > 1
),
known AS (
    SELECT DISTINCT ON ({known_key}) {known_key}, f.version, f.content
    FROM {table} AS f
    WHERE EXISTS (SELECT FROM intake_staging AS s WHERE {same})
    ORDER BY {known_key}, f.version DESC
),
closer AS (
    SELECT s.row_no, {staged_key}, s.content,
           coalesce(lag(s.content) OVER same_row, k.content) AS before, coalesce(k.version, 0) AS version
    FROM intake_staging AS s
    LEFT JOIN known AS k USING ({key})
    WHERE k.version IS NOT NULL OR ({staged_key}) IN (SELECT {key} FROM repeated)
    WINDOW same_row AS (PARTITION BY {staged_key} ORDER BY s.row_no)
)
SELECT row_no,
       before IS NOT DISTINCT FROM content AS unchanged,
       version + count(*) FILTER (WHERE before IS DISTINCT FROM content) OVER (
           PARTITION BY {key} ORDER BY row_no
       ) AS version
FROM closer
