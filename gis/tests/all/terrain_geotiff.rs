//! Terrain files: made in memory, and those of others.

use std::io::Cursor;

use gis::geodesy::metres_per_degree;
use gis::terrain::{Crs, GeoTiff, GeoTiffOptions, HeightDatum, Terrain, TerrainError, TerrainKind};
use gis::{EllipsoidHeight, LatLon};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
use tiff::tags::Tag;

use crate::reference::bytes;

/// What a made-up file says of itself.
pub struct File {
    pub scale: f64,
    pub corner: (f64, f64),
    pub epsg: Option<u16>,
    pub geographic: bool,
    pub pixel_is_point: bool,
    pub no_data: Option<&'static str>,
    pub compression: Compression,
}

pub const GEOGRAPHIC: File = File {
    scale: 0.001,
    corner: (118.0, 29.0),
    epsg: Some(4326),
    geographic: true,
    pixel_is_point: false,
    no_data: None,
    compression: Compression::Uncompressed,
};

impl File {
    pub fn encode<C: colortype::ColorType>(&self, width: u32, height: u32, cells: &[C::Inner]) -> Vec<u8>
    where
        [C::Inner]: tiff::encoder::TiffValue,
    {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(self.compression);
        let mut image = encoder.new_image::<C>(width, height).unwrap();
        let tags = image.encoder();
        let tag = Tag::from_u16_exhaustive;
        tags.write_tag(tag(33550), &[self.scale, self.scale, 0.0][..]).unwrap();
        tags.write_tag(tag(33922), &[0.0, 0.0, 0.0, self.corner.0, self.corner.1, 0.0][..]).unwrap();
        let mut keys = vec![1_u16, 1, 0, 0, 1025, 0, 1, 1 + u16::from(self.pixel_is_point)];
        if let Some(epsg) = self.epsg {
            keys.extend([if self.geographic { 2048 } else { 3072 }, 0, 1, epsg]);
        }
        keys[3] = (keys.len() / 4 - 1) as u16;
        tags.write_tag(tag(34735), &keys[..]).unwrap();
        if let Some(text) = self.no_data {
            tags.write_tag(tag(42113), text).unwrap();
        }
        image.write_data(cells).unwrap();
        out.into_inner()
    }
}

fn read(bytes: &[u8]) -> Result<GeoTiff, TerrainError> {
    GeoTiff::from_bytes(bytes, &GeoTiffOptions::new(HeightDatum::Ellipsoidal))
}

fn height_at(terrain: &GeoTiff, lat_deg: f64, lon_deg: f64) -> Option<f64> {
    terrain.height(LatLon { lat_deg, lon_deg }).map(|height| height.0)
}

/// 4 columns by 3 rows: 10 x column + row.
const RAMP: [f32; 12] = [0.0, 10.0, 20.0, 30.0, 1.0, 11.0, 21.0, 31.0, 2.0, 12.0, 22.0, 32.0];

fn close(found: Option<f64>, expect: f64) {
    assert!(found.is_some_and(|found| (found - expect).abs() < 1e-4), "{found:?} for {expect}");
}

#[test]
fn bilinear_between_cell_centres_and_none_outside() {
    let terrain = read(&GEOGRAPHIC.encode::<colortype::Gray32Float>(4, 3, &RAMP)).unwrap();
    close(height_at(&terrain, 28.9995, 118.0005), 0.0);
    close(height_at(&terrain, 28.9985, 118.0015), 11.0);
    close(height_at(&terrain, 28.9990, 118.0020), 15.5);
    close(height_at(&terrain, 28.999_999, 118.000_001), 0.0);
    close(height_at(&terrain, 28.997_001, 118.003_999), 32.0);
    assert_eq!(height_at(&terrain, 29.0001, 118.001), None);
    assert_eq!(height_at(&terrain, 28.999, 118.0041), None);
    assert_eq!(height_at(&terrain, f64::NAN, 118.001), None);
    let (lowest, highest) = (terrain.bounds().lowest, terrain.bounds().highest);
    assert_eq!((lowest, highest), (EllipsoidHeight(0.0), EllipsoidHeight(32.0)));
    let (_, east_m) = metres_per_degree(28.9985);
    assert!((terrain.spacing_m() - 0.001 * east_m).abs() < 0.1);
}

#[test]
fn point_pixels_lie_half_a_cell_further() {
    let file = File { pixel_is_point: true, ..GEOGRAPHIC };
    let terrain = read(&file.encode::<colortype::Gray32Float>(4, 3, &RAMP)).unwrap();
    close(height_at(&terrain, 29.0, 118.0), 0.0);
    close(height_at(&terrain, 28.999, 118.001), 11.0);
}

#[test]
fn every_number_type_and_compression_gives_the_same_heights() {
    let integers: Vec<i16> = RAMP.iter().map(|v| *v as i16).collect();
    let unsigned: Vec<u16> = RAMP.iter().map(|v| *v as u16).collect();
    let bytes: Vec<u8> = RAMP.iter().map(|v| *v as u8).collect();
    let doubles: Vec<f64> = RAMP.iter().map(|v| f64::from(*v)).collect();
    let wide: Vec<i32> = RAMP.iter().map(|v| *v as i32).collect();
    for compression in [
        Compression::Uncompressed,
        Compression::Lzw,
        Compression::Deflate(DeflateLevel::default()),
        Compression::Packbits,
    ] {
        let file = File { compression, ..GEOGRAPHIC };
        for encoded in [
            file.encode::<colortype::Gray32Float>(4, 3, &RAMP),
            file.encode::<colortype::GrayI16>(4, 3, &integers),
            file.encode::<colortype::Gray16>(4, 3, &unsigned),
            file.encode::<colortype::Gray8>(4, 3, &bytes),
            file.encode::<colortype::Gray64Float>(4, 3, &doubles),
            file.encode::<colortype::GrayI32>(4, 3, &wide),
        ] {
            let terrain = read(&encoded).unwrap();
            close(height_at(&terrain, 28.9985, 118.0025), 21.0);
        }
    }
}

#[test]
fn holes_have_no_height_and_neither_has_what_touches_them() {
    let mut cells = RAMP;
    cells[5] = -9999.0;
    let file = File { no_data: Some("-9999"), ..GEOGRAPHIC };
    let terrain = read(&file.encode::<colortype::Gray32Float>(4, 3, &cells)).unwrap();
    assert_eq!(height_at(&terrain, 28.9985, 118.0015), None);
    assert_eq!(height_at(&terrain, 28.9986, 118.0018), None);
    close(height_at(&terrain, 28.9985, 118.0025), 21.0);
    assert_eq!(terrain.bounds().lowest, EllipsoidHeight(0.0));
    cells[5] = f32::NAN;
    let terrain = read(&GEOGRAPHIC.encode::<colortype::Gray32Float>(4, 3, &cells)).unwrap();
    assert_eq!(height_at(&terrain, 28.9985, 118.0015), None);
}

#[test]
fn geoid_heights_are_lifted_by_the_undulation() {
    let encoded = GEOGRAPHIC.encode::<colortype::Gray32Float>(4, 3, &RAMP);
    let options = GeoTiffOptions::new(HeightDatum::Geoid { undulation_m: 12.5 });
    let terrain = GeoTiff::from_bytes(&encoded, &options).unwrap();
    close(height_at(&terrain, 28.9985, 118.0015), 23.5);
}

#[test]
fn projected_grid_lies_where_its_projection_says() {
    // A plane in UTM zone 50: height = (east - 680 000) / 10 + (north - 3 200 000) / 20, on 2 km.
    let (east0, north0, count) = (680_000.0, 3_208_000.0, 400_usize);
    let cells: Vec<f32> = (0..count * count)
        .map(|index| {
            let (column, row) = ((index % count) as f64, (index / count) as f64);
            let (east, north) = (east0 + 5.0 * (column + 0.5), north0 - 5.0 * (row + 0.5));
            ((east - 680_000.0) / 10.0 + (north - 3_200_000.0) / 20.0) as f32
        })
        .collect();
    let file =
        File { scale: 5.0, corner: (east0, north0), epsg: Some(32650), geographic: false, ..GEOGRAPHIC };
    let terrain = read(&file.encode::<colortype::Gray32Float>(count as u32, count as u32, &cells)).unwrap();
    let proj =
        |code| proj4rs::Proj::from_proj_string(crs_definitions::from_code(code).unwrap().proj4).unwrap();
    let (utm, wgs84) = (proj(32650), proj(4326));
    for (east, north) in [(680_123.4, 3_207_001.2), (681_990.0, 3_206_020.0), (681_000.0, 3_207_500.0)] {
        let mut at = (east, north, 0.0);
        proj4rs::transform::transform(&utm, &wgs84, &mut at).unwrap();
        let expect = (east - 680_000.0) / 10.0 + (north - 3_200_000.0) / 20.0;
        let found = height_at(&terrain, at.1.to_degrees(), at.0.to_degrees()).unwrap();
        assert!((found - expect).abs() < 1e-3, "{found} for {expect}");
    }
    assert!((terrain.spacing_m() - 5.0).abs() < 0.01);
}

#[test]
fn unusable_files_say_what_is_wrong() {
    let plain = GEOGRAPHIC.encode::<colortype::Gray32Float>(4, 3, &RAMP);
    let check = |result: Result<GeoTiff, TerrainError>, expect: &str| {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(expect), "{message:?} lacks {expect:?}");
    };
    check(read(b"not a tiff at all"), "terrain cannot be decoded: header");
    check(read(&[]), "terrain cannot be decoded: header");
    check(read(&plain[..plain.len() / 2]), "terrain ");
    let stateless = File { epsg: None, ..GEOGRAPHIC }.encode::<colortype::Gray32Float>(4, 3, &RAMP);
    check(read(&stateless), "names no coordinate reference system");
    let told = GeoTiffOptions { crs: Some(Crs::Epsg(4326)), ..GeoTiffOptions::new(HeightDatum::Ellipsoidal) };
    close(height_at(&GeoTiff::from_bytes(&stateless, &told).unwrap(), 28.9985, 118.0015), 11.0);
    let unknown = File { epsg: Some(1), geographic: false, ..GEOGRAPHIC };
    check(read(&unknown.encode::<colortype::Gray32Float>(4, 3, &RAMP)), "EPSG:1,");
    let small = GeoTiffOptions { max_cells: 11, ..GeoTiffOptions::new(HeightDatum::Ellipsoidal) };
    check(GeoTiff::from_bytes(&plain, &small), "4 x 3 cells, more than the limit of 11");
    let rgb = GEOGRAPHIC.encode::<colortype::RGB8>(2, 2, &[0; 12]);
    check(read(&rgb), "colour type RGB(8), expected one band");
    let holes = [f32::NAN; 12];
    check(
        read(&GEOGRAPHIC.encode::<colortype::Gray32Float>(4, 3, &holes)),
        "no height in any of its 12 cells",
    );
    let words = File { no_data: Some("none"), ..GEOGRAPHIC };
    check(read(&words.encode::<colortype::Gray32Float>(4, 3, &RAMP)), "42113 (GDAL_NODATA) is \"none\"");
    let flat = File { scale: 0.0, ..GEOGRAPHIC };
    check(read(&flat.encode::<colortype::Gray32Float>(4, 3, &RAMP)), "33550 (ModelPixelScale)");
    let off = File { corner: (500.0, 29.0), ..GEOGRAPHIC };
    check(read(&off.encode::<colortype::Gray32Float>(4, 3, &RAMP)), "off the globe");
    let steep = GeoTiffOptions::new(HeightDatum::Geoid { undulation_m: f64::NAN });
    check(GeoTiff::from_bytes(&plain, &steep), "undulation_m is NaN");
}

#[test]
fn damaged_bytes_never_panic() {
    let plain = File { compression: Compression::Deflate(DeflateLevel::default()), ..GEOGRAPHIC }
        .encode::<colortype::Gray32Float>(4, 3, &RAMP);
    let options = GeoTiffOptions { max_cells: 1 << 20, ..GeoTiffOptions::new(HeightDatum::Ellipsoidal) };
    let mut read_well = 0;
    for index in 0..plain.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut damaged = plain.clone();
            damaged[index] = value;
            read_well += usize::from(GeoTiff::from_bytes(&damaged, &options).is_ok());
        }
        let _ = GeoTiff::from_bytes(&plain[..index], &options);
    }
    assert!(read_well > 0);
}

#[test]
fn terrain_files_of_others_are_read() {
    let name = "terrain files";
    let check = |path: &str, crs: Option<u32>, size, lowest: f64, highest: f64| {
        let Some(bytes) = bytes(name, path) else { return };
        let options =
            GeoTiffOptions { crs: crs.map(Crs::Epsg), ..GeoTiffOptions::new(HeightDatum::Ellipsoidal) };
        let terrain = GeoTiff::from_bytes(&bytes, &options).unwrap();
        let bounds = terrain.bounds();
        println!(
            "{path}: {:?} EPSG:{} every {:.2} m, {bounds:?}",
            terrain.size(),
            terrain.epsg(),
            terrain.spacing_m()
        );
        assert_eq!(terrain.size(), size);
        assert!((bounds.lowest.0 - lowest).abs() < 1.0 && (bounds.highest.0 - highest).abs() < 1.0, "{path}");
    };
    check("drone_gcp/dji0419_dem/cobb.tif", None, (1342, 1206), 161.0, 552.0);
    check("drone_gcp/tuniu_p4rtk_oblique/dsm.tif", None, (488, 445), 57.2, 112.9);
    let finse = "fixed_camera_gcp/finse_hikvision/time_lapse_finse_DSM_midfilled.tif";
    if let Some(bytes) = bytes(name, finse) {
        let options = GeoTiffOptions::new(HeightDatum::Ellipsoidal);
        assert!(matches!(GeoTiff::from_bytes(&bytes, &options), Err(TerrainError::NoCrs)));
        let told = GeoTiffOptions { crs: Some(Crs::Epsg(32632)), ..options };
        assert_eq!(GeoTiff::from_bytes(&bytes, &told).unwrap().size(), (595, 686));
    }
}

#[test]
fn a_surface_model_is_less_sure_at_the_edge_of_a_roof_and_a_ground_model_is_not() {
    // A roof of 8 m over the left half of ten cells, on a slope of 1 m a cell.
    let cells: Vec<f32> = (0..100).map(|i| (i / 10) as f32 + if i % 10 < 5 { 8.0 } else { 0.0 }).collect();
    let bytes = GEOGRAPHIC.encode::<colortype::Gray32Float>(10, 10, &cells);
    let terrain =
        |kind| GeoTiff::from_bytes(&bytes, &GeoTiffOptions::of_kind(HeightDatum::Ellipsoidal, kind)).unwrap();
    let at = |column: f64| LatLon { lat_deg: 29.0 - 0.0055, lon_deg: 118.0 + (column + 0.5) * 0.001 };
    let surface = terrain(TerrainKind::Surface);
    assert!((surface.sigma_at_m(at(1.5)) - 0.7).abs() < 1e-3, "a slope is no step");
    assert!(surface.sigma_at_m(at(4.5)) > 2.0, "{}", surface.sigma_at_m(at(4.5)));
    assert_eq!(surface.kind_at(at(4.5)), TerrainKind::Surface);
    let ground = terrain(TerrainKind::Ground);
    assert!((ground.sigma_at_m(at(4.5)) - 0.3).abs() < 1e-12);
}
