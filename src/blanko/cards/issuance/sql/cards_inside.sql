-- Of some ranges, the positions on which a card waits for its holder.
SELECT r.series, r.box_no, right(a.serial, 4)::int AS position
FROM unnest(%(series)s::text[], %(box_no)s::int[], %(first)s::int[], %(last)s::int[]) AS r (series, box_no, first, last)
JOIN issuance_active_card AS a
    ON a.serial BETWEEN r.series || '-' || lpad(r.box_no::text, 6, '0') || '-' || lpad(r.first::text, 4, '0')
                    AND r.series || '-' || lpad(r.box_no::text, 6, '0') || '-' || lpad(r.last::text, 4, '0')
WHERE a.state IN ('printed', 'on_the_way')
ORDER BY 1, 2, 3
