-- What was done at night by the office's own clock, by office and local day. Provinces of another zone come as two arrays.
WITH zone AS (SELECT * FROM unnest(%(provinces)s::text[], %(hours)s::int[]) AS z (province, hours)),
done AS (
    SELECT CASE WHEN p.is_begin AND m.from_office <> '' THEN m.from_office ELSE m.to_office END AS office, p.at, p.by,
           p.movement, p.event_id
    FROM custody_movement_phase AS p JOIN custody_movement AS m USING (movement)
    WHERE p.at >= %(since)s AND p.at <= %(until)s
), here AS (
    SELECT d.*, d.at AT TIME ZONE 'UTC' + make_interval(hours => coalesce(z.hours, %(else_hours)s)) AS clock
    FROM done AS d LEFT JOIN zone AS z ON z.province = left(d.office, 2)
)
SELECT office, (clock - make_interval(hours => %(ends)s))::date AS night, min(at) AS since, count(*) AS steps,
       (array_agg(movement ORDER BY event_id))[1] AS first_movement, array_agg(DISTINCT by) AS persons
FROM here
WHERE extract(hour FROM clock) >= %(begins)s OR extract(hour FROM clock) < %(ends)s
GROUP BY 1, 2 ORDER BY 2, 1
