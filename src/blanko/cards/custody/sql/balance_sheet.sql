-- Received comes from the journal, the rest from the running balances: that both agree is the proof.
SELECT (SELECT coalesce(sum(quantity), 0) FROM custody_movement WHERE kind = 'receipt') AS received,
       coalesce(sum(quantity) FILTER (WHERE condition = 'good' AND office = '00'), 0) AS warehouse,
       coalesce(sum(quantity) FILTER (WHERE condition = 'in_transit'), 0) AS in_transit,
       coalesce(sum(quantity) FILTER (WHERE condition = 'good' AND office <> '00'), 0) AS at_offices,
       coalesce(sum(quantity) FILTER (WHERE condition = 'quarantined'), 0) AS quarantined,
       coalesce(sum(quantity) FILTER (WHERE condition = 'personalised'), 0) AS personalised,
       coalesce(sum(quantity) FILTER (WHERE condition = 'issued'), 0) AS issued,
       coalesce(sum(quantity) FILTER (WHERE condition = 'spoiled'), 0) AS spoiled,
       coalesce(sum(quantity) FILTER (WHERE condition = 'destroyed'), 0) AS destroyed,
       coalesce(sum(quantity) FILTER (WHERE condition = 'missing'), 0) AS missing
FROM custody_balance
