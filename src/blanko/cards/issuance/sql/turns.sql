SELECT office, turn, sum(cards)::bigint AS cards, sum(passed_over)::bigint AS passed_over
FROM issuance_turns
WHERE printed_on BETWEEN %(first)s AND %(last)s AND (%(office)s::text IS NULL OR office = %(office)s)
GROUP BY office, turn ORDER BY office, turn
