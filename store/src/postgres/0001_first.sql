-- Times are microseconds since 1970 for order and search; the record itself is in `json`. Geometry is WGS-84.
CREATE TABLE run (
    id uuid PRIMARY KEY,
    json json NOT NULL,
    updated text NOT NULL
);

CREATE TABLE incident (
    id uuid PRIMARY KEY,
    -- Rises with every change: who writes says which version was read.
    version bigint NOT NULL,
    class text NOT NULL,
    state text NOT NULL,
    cell text,
    first_seen_us bigint NOT NULL,
    last_seen_us bigint NOT NULL,
    unlocated_source text,
    place geometry(Point, 4326),
    outline geometry(Polygon, 4326),
    json json NOT NULL,
    updated text NOT NULL
);
ALTER TABLE incident ALTER COLUMN json SET COMPRESSION lz4;
CREATE INDEX incident_by_place ON incident USING gist (place) WHERE state <> 'closed';
CREATE INDEX incident_by_state ON incident (state, last_seen_us);
CREATE INDEX incident_unlocated ON incident (unlocated_source, class, first_seen_us, id) WHERE state = 'unlocated';

-- H3 cells (resolution 11) under which an open incident is found.
CREATE TABLE incident_cell (
    cell bigint NOT NULL,
    incident_id uuid NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    PRIMARY KEY (cell, incident_id)
);
CREATE INDEX incident_cell_by_incident ON incident_cell (incident_id);

CREATE TABLE observation (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    time_us bigint NOT NULL,
    place geometry(Point, 4326),
    json json NOT NULL
);
ALTER TABLE observation ALTER COLUMN json SET COMPRESSION lz4;
CREATE INDEX observation_by_source ON observation (source, time_us);

-- Which incident an observation belongs to, and its number in the order in which they were absorbed.
CREATE TABLE sighting (
    observation_id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    ordinal bigint NOT NULL
);
CREATE INDEX sighting_by_incident ON sighting (incident_id, ordinal);

CREATE TABLE task (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incident (id),
    state text NOT NULL,
    lead text,
    created_us bigint NOT NULL,
    json json NOT NULL,
    updated text NOT NULL
);
CREATE INDEX task_by_incident ON task (incident_id);
CREATE INDEX task_by_state ON task (state, lead);

CREATE TABLE event (
    seq bigint PRIMARY KEY,
    at text NOT NULL,
    run_id uuid REFERENCES run (id),
    operation_id bigint,
    json json NOT NULL
);

-- The number of the last event. Its one row is locked from the append to the commit, so that events become visible in the
-- order of their numbers and without gaps: a reader that goes on after a number never skips one that commits later.
CREATE TABLE event_counter (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    last bigint NOT NULL
);
INSERT INTO event_counter (last) VALUES (0);

-- Closed incidents and their tasks that are no longer worked with, whole.
CREATE TABLE archive (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    json json NOT NULL,
    archived text NOT NULL
);

-- The latest look of each source that was absorbed: one that is not later says nothing about what it does not show.
CREATE TABLE last_look (
    source text PRIMARY KEY,
    time_us bigint NOT NULL,
    frame_index bigint NOT NULL
);

-- What people did, with the records before and after it in `json`.
CREATE TABLE operation (
    id bigint PRIMARY KEY,
    at text NOT NULL,
    actor text NOT NULL,
    json json NOT NULL
);
CREATE TABLE operation_subject (
    subject_id uuid NOT NULL,
    operation_id bigint NOT NULL REFERENCES operation (id),
    PRIMARY KEY (subject_id, operation_id)
);
