-- Regencies whose registrations are declared whole: their own records decide their need.
SELECT regency FROM registry_whole_regency ORDER BY regency
