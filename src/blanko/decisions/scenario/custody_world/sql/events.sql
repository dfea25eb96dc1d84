SELECT id FROM audit_event WHERE operation ~ '^(custody|issuance|counting|destruction)\.' ORDER BY id
