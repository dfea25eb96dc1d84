SELECT id FROM audit_event WHERE operation LIKE 'custody.%%' ORDER BY id
