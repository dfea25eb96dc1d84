-- What each office printed and spoiled since a moment, by the contract that its blanks came from.
SELECT m.office, a.contract_no,
       coalesce(sum(l.last - l.first + 1) FILTER (WHERE m.kind = 'personalisation'), 0)::bigint AS printed,
       coalesce(sum(l.last - l.first + 1) FILTER (WHERE m.kind = 'spoilage'), 0)::bigint AS spoiled
FROM custody_change_made AS m
JOIN custody_journal_line AS l USING (movement)
JOIN procurement_lot_accepted AS a
    ON a.series = l.series AND l.box_no >= a.first_box AND l.box_no < a.first_box + a.box_count
WHERE m.at > %(since)s AND m.at <= %(until)s AND m.kind IN ('personalisation', 'spoilage')
GROUP BY m.office, a.contract_no ORDER BY m.office, a.contract_no
