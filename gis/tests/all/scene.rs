//! Made-up cameras and ground that several tests look at.

use gis::camera::{Attitude, Distortion, HeadingSource, PositionSource};
use gis::terrain::{Terrain, TerrainBounds};
use gis::{EllipsoidHeight, FlatGround, GeoPoint, Intrinsics, LatLon, Pose, PoseSigma};

pub const QUZHOU: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.85 };
pub const GROUND_M: f64 = 70.0;

pub fn point(at: LatLon, height_m: f64) -> GeoPoint {
    GeoPoint { lat_lon: at, height: EllipsoidHeight(height_m) }
}

pub fn ground() -> FlatGround {
    FlatGround { height: EllipsoidHeight(GROUND_M), sigma_m: 0.3 }
}

pub fn wide_lens() -> Intrinsics {
    let ideal = Intrinsics::from_fov(1920.0, 1080.0, 73.0, None).unwrap();
    let distortion = Distortion { k1: -0.11, k2: 0.02, p1: 4e-4, p2: -3e-4, ..Distortion::default() };
    Intrinsics { distortion, ..ideal }
}

pub fn pose(height_m: f64, heading_deg: f64, pitch_deg: f64, roll_deg: f64) -> Pose {
    let sigma = PoseSigma::usual(PositionSource::Gnss, HeadingSource::Compass);
    Pose::from_attitude(point(QUZHOU, height_m), Attitude { heading_deg, pitch_deg, roll_deg }, sigma)
}

/// Ground given by a function of east and north of `QUZHOU`, metres.
pub struct Shaped<F> {
    pub ground: F,
    pub lowest_m: f64,
    pub highest_m: f64,
    pub spacing_m: f64,
}

impl<F: Fn(f64, f64) -> Option<f64> + Send + Sync> Terrain for Shaped<F> {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let (north_m, east_m) = gis::geodesy::metres_per_degree(QUZHOU.lat_deg);
        let (east, north) = ((at.lon_deg - QUZHOU.lon_deg) * east_m, (at.lat_deg - QUZHOU.lat_deg) * north_m);
        (self.ground)(east, north).map(EllipsoidHeight)
    }

    fn sigma_m(&self) -> f64 {
        0.2
    }

    fn bounds(&self) -> TerrainBounds {
        TerrainBounds {
            corners: None,
            lowest: EllipsoidHeight(self.lowest_m),
            highest: EllipsoidHeight(self.highest_m),
        }
    }

    fn spacing_m(&self) -> f64 {
        self.spacing_m
    }
}
