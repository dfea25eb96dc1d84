-- A card with what was last done with it, for the SQL of higher rooms.
CREATE VIEW issuance_card_now AS
    SELECT c.serial, c.person_id, c.recorded_office, c.record_id, c.office, c.regency, c.cause,
           p.at AS printed_at, e.step AS ended_by, e.at AS ended_at
    FROM issuance_card AS c
    JOIN issuance_step AS p ON p.serial = c.serial AND p.step = 'printed'
    LEFT JOIN issuance_step AS e ON e.serial = c.serial AND e.step <> 'printed';
