-- Standing reports of deaths that no family was told of, and how each paper was matched to its person.
SELECT nextval('cases_notice_number') AS notice_no, w.*
FROM (
    SELECT r.recorded_office, r.record_id, r.person_id, r.regency AS office, d.died_on, d.office AS document_office,
           d.document_no,
           CASE WHEN d.source <> 'file' THEN d.source
                WHEN p.outcome IN ('uncertain', 'somebody_else') THEN 'case'
                WHEN p.outcome = 'sure' THEN 'name'
                WHEN d.by_record THEN 'record' ELSE 'nik' END AS matched_by,
           d.event_id AS death_event
    FROM registry_death_noticed AS d
    JOIN registry_record_current AS r ON r.person_id = d.person_id AND r.is_lead
    LEFT JOIN registry_death_paper AS p ON d.source = 'file' AND p.office = d.office AND p.document_no = d.document_no
    WHERE NOT EXISTS (SELECT FROM cases_death_notice AS n WHERE n.recorded_office = r.recorded_office
                      AND n.record_id = r.record_id AND n.death_event = d.event_id)
    ORDER BY r.recorded_office, r.record_id
) AS w
