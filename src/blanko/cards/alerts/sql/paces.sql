-- What each office holds, and what it printed since a moment. Only offices that print.
SELECT h.office, coalesce(sum(h.good), 0)::bigint, coalesce(sum(h.in_transit_in), 0)::bigint, max(d.printed)
FROM (
    SELECT office, sum(quantity)::bigint AS printed FROM custody_change_made
    WHERE at > %(since)s AND at <= %(until)s AND kind = 'personalisation'
    GROUP BY office
) AS d
JOIN custody_holding AS h USING (office)
GROUP BY h.office ORDER BY h.office
