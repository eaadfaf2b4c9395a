"""Writes the boundary files of this folder: the same three zones in each format, by GDAL.

Run in an environment with geopandas and pyogrio (versions in README.md); not part of any build.
"""

import sqlite3
import zipfile
from pathlib import Path

import geopandas
from shapely.geometry import MultiPolygon, Polygon, box

HERE = Path(__file__).resolve().parent
WEST, SOUTH = 120.70, 30.70


def square(x: float, y: float, size: float) -> Polygon:
    return box(WEST + x, SOUTH + y, WEST + x + size, SOUTH + y + size)


zones = geopandas.GeoDataFrame(
    {
        "行政区划代码": [330491, 330492, 330493],
        "名称": ["甲区", "乙区", "丙区"],
        "上级": ["330400", "330400", "330400"],
    },
    geometry=[
        square(0.00, 0.00, 0.04).difference(square(0.01, 0.01, 0.01)),
        MultiPolygon([square(0.01, 0.01, 0.01), square(0.05, 0.00, 0.02)]),
        square(0.04, 0.04, 0.03),
    ],
    crs="EPSG:4490",
)
for old in HERE.glob("zones*"):
    old.unlink()
zones.to_file(HERE / "zones_utf8.shp", encoding="UTF-8")
zones.to_crs(4549).to_file(HERE / "zones_gbk_4549.shp", encoding="GBK")
for path in [*HERE.glob("*.shx"), HERE / "zones_gbk_4549.cpg"]:
    path.unlink()  # what the reader must do without: the index, and the name of the encoding
zones.to_crs(4549).to_file(HERE / "zones.gpkg", layer="zones", driver="GPKG")
with sqlite3.connect(HERE / "zones.gpkg", isolation_level=None) as package:
    # GDAL's pages of 4096 bytes make 100 kB of three squares.
    package.execute("PRAGMA page_size = 512")
    package.execute("VACUUM")
zones.to_crs(4326).rename(columns={"名称": "Name"}).to_file(HERE / "zones.kml", driver="KML")
with zipfile.ZipFile(HERE / "zones.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write(HERE / "zones.kml", "doc.kml")
