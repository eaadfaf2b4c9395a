-- Several writers, and sightings that cost the same however many there were: incidents have a version, cells and a place to be
-- found by; which observations an incident has is in `sighting` alone, in order.
CREATE TABLE incident_2 (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    class TEXT NOT NULL,
    state TEXT NOT NULL,
    cell TEXT,
    first_seen_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    unlocated_source TEXT,
    json TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT;
INSERT INTO incident_2 (id, version, class, state, cell, first_seen_us, last_seen_us, json, updated)
    SELECT id, 1, class, state, cell, first_seen_us, last_seen_us, json, updated FROM incident ORDER BY rowid;
DROP TABLE incident;
ALTER TABLE incident_2 RENAME TO incident;
CREATE INDEX incident_by_state ON incident (state, last_seen_us);
CREATE INDEX incident_unlocated ON incident (unlocated_source, class, first_seen_us, id) WHERE state = 'unlocated';

-- Filled from the records by the program.
DROP TABLE sighting;
CREATE TABLE sighting (
    observation_id TEXT PRIMARY KEY NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (number) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sighting_by_incident ON sighting (incident, ordinal);

-- H3 cells (resolution 11) under which an open incident is found.
CREATE TABLE incident_cell (
    cell INTEGER NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (number) ON DELETE CASCADE,
    PRIMARY KEY (cell, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_cell_by_incident ON incident_cell (incident);

-- Where open incidents lie, by their number; degrees.
CREATE VIRTUAL TABLE incident_place USING rtree (number, south, north, west, east);

-- Closed incidents and their tasks that are no longer worked with, whole.
CREATE TABLE archive (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    json TEXT NOT NULL,
    archived TEXT NOT NULL
) STRICT;

-- The latest look of each source that was absorbed: one that is not later says nothing about what it does not show.
CREATE TABLE last_look (
    source TEXT PRIMARY KEY NOT NULL,
    time_us INTEGER NOT NULL,
    frame_index INTEGER NOT NULL
) STRICT;
