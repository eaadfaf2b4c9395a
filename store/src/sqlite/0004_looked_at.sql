-- The ground that each source looked at, minute by minute, with the box around it in degrees.
CREATE TABLE looked_at (
    source TEXT NOT NULL,
    minute_us INTEGER NOT NULL,
    south REAL NOT NULL,
    west REAL NOT NULL,
    north REAL NOT NULL,
    east REAL NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (source, minute_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX looked_at_by_minute ON looked_at (minute_us);

-- Who is told of events, and how far each has come.
CREATE TABLE consumer (
    id TEXT PRIMARY KEY NOT NULL,
    json TEXT NOT NULL
) STRICT;
