-- Offices with more cards than blanks that the book has as printed there.
SELECT c.office, c.cards, coalesce(b.blanks, 0), c.since
FROM (SELECT office, count(*) AS cards, min(printed_at) AS since FROM issuance_card_now GROUP BY office) AS c
LEFT JOIN (SELECT office, sum(quantity)::bigint AS blanks FROM custody_change_made
           WHERE kind = 'personalisation' GROUP BY office) AS b USING (office)
WHERE c.cards > coalesce(b.blanks, 0)
ORDER BY c.office
