-- The day on which each regency last got a box, by committed rounds: ties go to whoever has waited longest.
SELECT regency, max(written_on) FROM planning_dispatch_list WHERE jsonb_array_length(boxes) > 0 GROUP BY regency
