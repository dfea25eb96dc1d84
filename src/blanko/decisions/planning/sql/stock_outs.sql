-- Months in which an office counted its stock and found no good blank.
SELECT DISTINCT left(office, 4), date_trunc('month', counted_on)::date
FROM intake_stock_count_latest
WHERE left(office, 4) = ANY (%(regencies)s) AND good = 0 AND counted_on >= %(first)s AND counted_on < %(last)s
ORDER BY 1, 2
