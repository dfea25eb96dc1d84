SELECT DISTINCT ON (kind, code) kind, code, version, rup_code, tender_code, title, buyer, method, status, ceiling_idr,
       owner_estimate_idr, winner, award_idr, bid_idr, announced_on, decided_on, selection_from, contract_from,
       contract_until, year, sha256, row_no
FROM procurement_notice
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
ORDER BY kind, code, version DESC
