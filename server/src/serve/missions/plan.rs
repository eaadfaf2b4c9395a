//! Plans out of what a page asks for.

use gis::{LatLon, Terrain};
use missions::area::Area;
use missions::check::{Against, check};
use missions::estimate::estimate;
use missions::formats::{self, Format, Imported};
use missions::optics::{Look, Overlap};
use missions::planner::Planner;
use missions::revisit::{Spot, looks};
use missions::{Aircraft, Plan};
use uuid::Uuid;

use super::record::{Mission, Warning};
use crate::clock;

/// What is asked for.
pub struct Asked<'a> {
    /// Name for people.
    pub name: String,
    /// By whom.
    pub by: String,
    /// Task that it is to look at.
    pub for_task: Option<String>,
    /// Who flies.
    pub aircraft: Aircraft,
    /// GeoJSON and metres a pixel, or the bytes of a file.
    pub what: What<'a>,
    /// Overlap along and across.
    pub overlap: Overlap,
    /// Where it takes off.
    pub home: Option<LatLon>,
    /// The ground.
    pub ground: Option<&'a dyn Terrain>,
}

/// Height above ground of a look at a place for which nobody said how finely it is to be seen, metres.
const VISIT_M: f64 = 60.0;

/// An area, places, or a plan that somebody made.
pub enum What<'a> {
    /// An area.
    Area {
        /// GeoJSON.
        geojson: &'a str,
        /// Metres a pixel.
        gsd_m: f64,
    },
    /// Places, each looked at once.
    Visit {
        /// Where.
        spots: Vec<Spot>,
        /// Metres a pixel; what [`VISIT_M`] above ground gives when not stated.
        gsd_m: Option<f64>,
    },
    /// A file.
    File(&'a [u8]),
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PlanRefused(String);

impl Asked<'_> {
    /// Plans, checks and describes it.
    ///
    /// # Errors
    /// When the area cannot be flown or the file is no plan.
    pub fn plan(self) -> Result<Mission, PlanRefused> {
        let refused = |error: &dyn std::fmt::Display| PlanRefused(error.to_string());
        let (read, gsd_m, area_m2) = match &self.what {
            What::Area { geojson, gsd_m } => {
                let area = Area::from_geojson(geojson).map_err(|error| refused(&error))?;
                let plan = self.over(&area, *gsd_m)?;
                (imported(plan, &self.aircraft), Some(*gsd_m), Some(area.size_m2()))
            }
            What::Visit { spots, gsd_m } => {
                let gsd_m = gsd_m.unwrap_or(VISIT_M / self.aircraft.camera.focal_px());
                (imported(self.visit(spots, gsd_m)?, &self.aircraft), Some(gsd_m), None)
            }
            What::File(bytes) => (formats::read(bytes).map_err(|error| refused(&error))?, None, None),
        };
        let mut against = Against::aircraft(&self.aircraft);
        against.ground = self.ground;
        against.gsd_m = gsd_m;
        let problems = check(&read, &against);
        let warning = |problem: &missions::check::Problem| Warning {
            leg: problem.leg,
            what_zh: problem.zh.clone(),
            what_en: problem.en.clone(),
            mend_zh: problem.mend_zh.clone(),
            mend_en: problem.mend_en.clone(),
        };
        let costs = estimate(&read.plan, &self.aircraft);
        Ok(Mission {
            id: Uuid::now_v7().to_string(),
            version: 1,
            name: self.name,
            created: clock::now(),
            by: self.by,
            for_task: self.for_task,
            aircraft: self.aircraft.id,
            gsd_m,
            costs: (costs.length_m, costs.secs),
            area: match self.what {
                What::Area { geojson, .. } => Some(geojson.to_owned()),
                What::Visit { .. } | What::File(_) => None,
            },
            area_m2,
            warnings: problems.iter().map(warning).collect(),
            plan: read.plan,
            state: None,
            vehicle: None,
            simulated: false,
            held: false,
            flight_id: None,
            operator: None,
            source: None,
            progress: None,
            flown: Vec::new(),
            log: Vec::new(),
            place: None,
        })
    }

    fn planner(&self, gsd_m: f64) -> Planner<'_> {
        Planner {
            aircraft: &self.aircraft,
            look: Look { gsd_m, overlap: self.overlap },
            ground: self.ground,
            home: self.home,
            course_deg: None,
            pitch_deg: -90.0,
        }
    }

    fn over(&self, area: &Area, gsd_m: f64) -> Result<Plan, PlanRefused> {
        self.planner(gsd_m).area(area).map_err(|error| PlanRefused(error.to_string()))
    }

    fn visit(&self, spots: &[Spot], gsd_m: f64) -> Result<Plan, PlanRefused> {
        let planner = self.planner(gsd_m);
        let geometry = planner.geometry().map_err(|error| PlanRefused(error.to_string()))?;
        let (plane, stretches) = looks(spots, &geometry, self.home);
        planner.plan(&plane, &stretches).map_err(|error| PlanRefused(error.to_string()))
    }
}

/// Returns a plan of this server's own as one that was read.
pub fn imported(plan: Plan, aircraft: &Aircraft) -> Imported {
    let dji = aircraft.dji.as_ref().map(formats::numbers);
    Imported { plan, format: Format::Kmz, dji, notes: Vec::new(), faults: Vec::new() }
}
