-- Everything that the book has of these boxes, seen from an office: its condition there, or elsewhere.
SELECT p.series, p.box_no, p.first, p.last, CASE WHEN p.office = %(office)s THEN p.condition ELSE 'elsewhere' END, p.sealed
FROM custody_place AS p
JOIN (SELECT DISTINCT * FROM unnest(%(series)s::text[], %(box_no)s::int[]) AS k (series, box_no)) AS k USING (series, box_no)
ORDER BY p.series, p.box_no, p.first
