SELECT audit_guard('intake_file');
SELECT audit_guard('intake_registration');
SELECT audit_guard('intake_application');
SELECT audit_guard('intake_death');
SELECT audit_guard('intake_stock_count');
SELECT audit_guard('intake_count');
SELECT audit_guard('intake_printer_state');
SELECT audit_guard('intake_printing_report');
SELECT audit_guard('intake_biometric');
-- Claims are decided person by person at the counter.
CREATE INDEX intake_application_nik ON intake_application (nik);
