-- What each office holds, and what it printed and spoiled since a moment. Only offices that print.
SELECT h.office, coalesce(sum(h.good), 0)::bigint, coalesce(sum(h.in_transit_in), 0)::bigint, max(d.printed), max(d.spoiled)
FROM (
    SELECT office, coalesce(sum(quantity) FILTER (WHERE kind = 'personalisation'), 0)::bigint AS printed,
           coalesce(sum(quantity) FILTER (WHERE kind = 'spoilage'), 0)::bigint AS spoiled
    FROM custody_change_made
    WHERE at > %(since)s AND at <= %(until)s AND kind IN ('personalisation', 'spoilage')
    GROUP BY office
) AS d
JOIN custody_holding AS h USING (office)
GROUP BY h.office ORDER BY h.office
