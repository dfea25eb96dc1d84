-- Offices where the cards that were handed over are not the blanks that custody's journal has as issued: of each side the
-- number, and whether they are other blanks (counting_print).
SELECT office, sum(blanks)::bigint AS blanks, sum(cards)::bigint AS cards
FROM (
    SELECT s.office, 0 AS blanks, count(*) AS cards,
           sum(counting_print(left(s.serial, -12), substr(right(s.serial, 11), 1, 6)::int, right(s.serial, 4)::int,
                              right(s.serial, 4)::int, %(salt)s)) AS print
    FROM issuance_step AS s WHERE s.step = 'issued' GROUP BY s.office
    UNION ALL
    SELECT m.office, sum(l.last - l.first + 1), 0, -sum(counting_print(l.series, l.box_no, l.first, l.last, %(salt)s))
    FROM custody_change_made AS m JOIN custody_journal_line AS l USING (movement)
    WHERE m.kind = 'issuance' GROUP BY m.office
) AS side
GROUP BY office HAVING sum(print) <> 0
ORDER BY office
