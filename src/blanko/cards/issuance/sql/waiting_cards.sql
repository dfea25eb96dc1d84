-- Cards that wait for their holders, and blanks in printers, whose blank is not what it should be in custody's book.
WITH card AS (
    SELECT a.serial, a.office, a.state, left(a.serial, -12) AS series, substr(right(a.serial, 11), 1, 6)::int AS box_no,
           right(a.serial, 4)::int AS position
    FROM issuance_active_card AS a
    WHERE a.state <> 'issued' AND (%(office)s::text IS NULL OR a.office = %(office)s)
)
SELECT c.serial, c.office, c.state, c.series, c.box_no, c.position, coalesce(p.office, '') AS book_office,
       coalesce(p.movement, '') AS book_movement, coalesce(p.condition, '') AS book_condition
FROM card AS c
LEFT JOIN custody_place AS p
    ON p.series = c.series AND p.box_no = c.box_no AND c.position BETWEEN p.first AND p.last
WHERE CASE c.state WHEN 'in_printer' THEN p.condition = 'good' AND p.office = c.office
                   WHEN 'printed' THEN p.condition = 'personalised' AND p.office = c.office
                   -- A shipped card is on its way, or the warehouse has taken it over.
                   ELSE p.condition = 'personalised' END IS NOT TRUE
ORDER BY c.serial
