SELECT audit_guard('issuance_card');
SELECT audit_guard('issuance_step');
