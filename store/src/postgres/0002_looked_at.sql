-- The ground that each source looked at, minute by minute, with the box around it in degrees.
CREATE TABLE looked_at (
    source text NOT NULL,
    minute_us bigint NOT NULL,
    south float8 NOT NULL,
    west float8 NOT NULL,
    north float8 NOT NULL,
    east float8 NOT NULL,
    json json NOT NULL,
    PRIMARY KEY (source, minute_us)
);
CREATE INDEX looked_at_by_minute ON looked_at (minute_us);

-- Who is told of events, and how far each has come.
CREATE TABLE consumer (
    id text PRIMARY KEY,
    json json NOT NULL
);
