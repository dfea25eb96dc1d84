-- Show on each record whether its person is dead by the last report.
UPDATE registry_record AS r SET died_on = now_known.died_on, event_id = %(event)s
FROM (
    SELECT t.person_id, d.died_on
    FROM registry_touched AS t LEFT JOIN registry_death_standing AS d ON d.person_id = t.person_id
) AS now_known
WHERE r.person_id = now_known.person_id AND r.died_on IS DISTINCT FROM now_known.died_on
