SELECT audit_guard('alerts_alert');
SELECT audit_guard('alerts_alert_end');
ALTER TABLE alerts_alert_end ADD CONSTRAINT alerts_end_of_alert FOREIGN KEY (alert) REFERENCES alerts_alert;
