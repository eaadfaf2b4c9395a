CREATE TRIGGER "rtree_{table}_{geometry}_insert" AFTER INSERT ON "{table}"
  WHEN (NEW."{geometry}" NOTNULL AND NOT ST_IsEmpty(NEW."{geometry}"))
BEGIN
  INSERT OR REPLACE INTO "rtree_{table}_{geometry}" VALUES (
    NEW.fid, ST_MinX(NEW."{geometry}"), ST_MaxX(NEW."{geometry}"), ST_MinY(NEW."{geometry}"), ST_MaxY(NEW."{geometry}")
  );
END;

CREATE TRIGGER "rtree_{table}_{geometry}_update1" AFTER UPDATE OF "{geometry}" ON "{table}"
  WHEN OLD.fid = NEW.fid AND (NEW."{geometry}" NOTNULL AND NOT ST_IsEmpty(NEW."{geometry}"))
BEGIN
  INSERT OR REPLACE INTO "rtree_{table}_{geometry}" VALUES (
    NEW.fid, ST_MinX(NEW."{geometry}"), ST_MaxX(NEW."{geometry}"), ST_MinY(NEW."{geometry}"), ST_MaxY(NEW."{geometry}")
  );
END;

CREATE TRIGGER "rtree_{table}_{geometry}_update2" AFTER UPDATE OF "{geometry}" ON "{table}"
  WHEN OLD.fid = NEW.fid AND (NEW."{geometry}" ISNULL OR ST_IsEmpty(NEW."{geometry}"))
BEGIN
  DELETE FROM "rtree_{table}_{geometry}" WHERE id = OLD.fid;
END;

CREATE TRIGGER "rtree_{table}_{geometry}_update3" AFTER UPDATE ON "{table}"
  WHEN OLD.fid != NEW.fid AND (NEW."{geometry}" NOTNULL AND NOT ST_IsEmpty(NEW."{geometry}"))
BEGIN
  DELETE FROM "rtree_{table}_{geometry}" WHERE id = OLD.fid;
  INSERT OR REPLACE INTO "rtree_{table}_{geometry}" VALUES (
    NEW.fid, ST_MinX(NEW."{geometry}"), ST_MaxX(NEW."{geometry}"), ST_MinY(NEW."{geometry}"), ST_MaxY(NEW."{geometry}")
  );
END;

CREATE TRIGGER "rtree_{table}_{geometry}_update4" AFTER UPDATE ON "{table}"
  WHEN OLD.fid != NEW.fid AND (NEW."{geometry}" ISNULL OR ST_IsEmpty(NEW."{geometry}"))
BEGIN
  DELETE FROM "rtree_{table}_{geometry}" WHERE id IN (OLD.fid, NEW.fid);
END;

CREATE TRIGGER "rtree_{table}_{geometry}_delete" AFTER DELETE ON "{table}"
  WHEN OLD."{geometry}" NOTNULL
BEGIN
  DELETE FROM "rtree_{table}_{geometry}" WHERE id = OLD.fid;
END;
