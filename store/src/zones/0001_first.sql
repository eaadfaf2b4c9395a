-- One row a version of a zone; a version without an end is in force. Outlines are WKB in WGS-84, longitude first.
CREATE TABLE zone (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    level TEXT NOT NULL,
    kind TEXT,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    parent TEXT,
    outline BLOB NOT NULL,
    file TEXT NOT NULL,
    feature_index INTEGER NOT NULL,
    crs TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT
) STRICT;
CREATE UNIQUE INDEX zone_in_force ON zone (code) WHERE valid_to IS NULL;
