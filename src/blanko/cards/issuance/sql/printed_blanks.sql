-- Ranges of printed blanks in which fewer cards wait for their holders than there are blanks.
SELECT p.series, p.box_no, p.first, p.last, coalesce(p.office, '') AS office, coalesce(p.movement, '') AS movement,
       count(a.position)::int AS cards
FROM custody_place AS p
LEFT JOIN (
    SELECT left(serial, -12) AS series, substr(right(serial, 11), 1, 6)::int AS box_no, right(serial, 4)::int AS position
    FROM issuance_active_card WHERE state IN ('printed', 'on_the_way')
) AS a ON a.series = p.series AND a.box_no = p.box_no AND a.position BETWEEN p.first AND p.last
WHERE p.condition = 'personalised'
GROUP BY 1, 2, 3, 4, 5, 6
HAVING count(a.position) < p.last - p.first + 1
ORDER BY 5, 1, 2, 3
