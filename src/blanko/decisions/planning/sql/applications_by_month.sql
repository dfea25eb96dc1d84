-- Applications by cause, regency and month, of the regencies whose registrations are loaded whole.
SELECT a.cause, left(a.office, 4), date_trunc('month', a.applied_on)::date, count(*)
FROM intake_application_latest AS a
WHERE left(a.office, 4) = ANY (%(regencies)s) AND a.applied_on <= %(as_of)s
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
