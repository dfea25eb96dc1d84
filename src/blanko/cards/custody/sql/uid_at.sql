SELECT u.uid
FROM custody_manifest_box AS b
JOIN custody_uid_part AS p ON p.lot_no = b.lot_no
JOIN custody_uid AS u ON u.part = p.number AND u.box_no * 10000::bigint + u.position = b.box_no * 10000::bigint + %(position)s
WHERE b.series = %(series)s AND b.box_no = %(box_no)s
