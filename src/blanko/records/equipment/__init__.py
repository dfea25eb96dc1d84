"""What offices print with: printers that fail and are repaired, operators' hours, ribbon and ink."""
