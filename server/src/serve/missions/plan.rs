//! Plans out of what a page asks for.

use gis::{LatLon, Terrain};
use missions::area::Area;
use missions::check::{Against, Problem, Rule, check};
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
/// A picture shows so much more than it has to: it is never taken quite above the place.
const VISIT_SPARE: f64 = 1.15;
/// Of the ceiling, so that hills and errors of height do not matter.
const CEILING_SHARE: f64 = 0.95;

/// An area, places, or a plan that somebody made.
pub enum What<'a> {
    /// An area.
    Area {
        /// GeoJSON.
        geojson: &'a str,
        /// Metres a pixel.
        gsd_m: f64,
    },
    /// A place, looked at once.
    Visit {
        /// Where.
        spot: Spot,
        /// Ground around it that a picture has to show before it says that nothing is there, metres.
        clear_m: f64,
        /// Metres a pixel; when not stated, what shows enough ground from [`VISIT_M`] above it or higher.
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
            What::Visit { spot, gsd_m, clear_m } => {
                let gsd_m = gsd_m.unwrap_or_else(|| visit_gsd_m(&self.aircraft, *clear_m));
                (imported(self.visit(spot, gsd_m)?, &self.aircraft), Some(gsd_m), None)
            }
            What::File(bytes) => (formats::read(bytes).map_err(|error| refused(&error))?, None, None),
        };
        let mut against = Against::aircraft(&self.aircraft);
        against.ground = self.ground;
        against.gsd_m = gsd_m;
        let problems = check(&read, &against);
        let costs = estimate(&read.plan, &self.aircraft);
        let warnings = self.warnings(&read.plan, &problems, gsd_m);
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
            warnings,
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

    /// What the check found, and what this server knows besides.
    fn warnings(&self, plan: &Plan, problems: &[Problem], gsd_m: Option<f64>) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = problems.iter().map(warning).collect();
        let told = problems.iter().any(|problem| problem.rule == Rule::Home);
        if plan.home.is_none() && !told && !matches!(self.what, What::File(_)) {
            warnings.push(no_home());
        }
        if let (What::Visit { clear_m, .. }, Some(gsd_m)) = (&self.what, gsd_m) {
            warnings.extend(too_narrow(&self.aircraft, *clear_m, gsd_m));
        }
        warnings
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

    fn visit(&self, spot: &Spot, gsd_m: f64) -> Result<Plan, PlanRefused> {
        let planner = self.planner(gsd_m);
        let geometry = planner.geometry().map_err(|error| PlanRefused(error.to_string()))?;
        let (plane, stretches) = looks(std::slice::from_ref(spot), &geometry, self.home);
        planner.plan(&plane, &stretches).map_err(|error| PlanRefused(error.to_string()))
    }
}

fn warning(problem: &Problem) -> Warning {
    Warning {
        leg: problem.leg,
        what_zh: problem.zh.clone(),
        what_en: problem.en.clone(),
        mend_zh: problem.mend_zh.clone(),
        mend_en: problem.mend_en.clone(),
    }
}

/// Half the lesser side of a picture that looks straight down, pixels.
fn half_px(aircraft: &Aircraft) -> f64 {
    aircraft.camera.width_px.min(aircraft.camera.height_px) / 2.0
}

/// Returns the metres a pixel of a look at a place: from [`VISIT_M`], or as high as its surroundings ask for and the ceiling lets.
fn visit_gsd_m(aircraft: &Aircraft, clear_m: f64) -> f64 {
    let focal_px = aircraft.camera.focal_px();
    let ceiling_m = CEILING_SHARE * aircraft.flight.ceiling_m;
    let asked_m = VISIT_SPARE * clear_m / half_px(aircraft) * focal_px;
    asked_m.min(ceiling_m).max(VISIT_M.min(ceiling_m)) / focal_px
}

/// A look that cannot say that nothing is there: the place is not known well enough for it.
fn too_narrow(aircraft: &Aircraft, clear_m: f64, gsd_m: f64) -> Option<Warning> {
    let half_m = gsd_m * half_px(aircraft);
    (half_m < clear_m).then(|| Warning {
        leg: Some(1),
        what_zh: format!("位置仅精确到 {clear_m:.0} 米,照片仅覆盖 {half_m:.0} 米:看不到也不能证明已消除"),
        what_en: format!(
            "the place is known to {clear_m:.0} m and a picture shows {half_m:.0} m around it: not seeing the thing proves nothing"
        ),
        mend_zh: "请规划该处的一块区域,或提高飞行高度".to_owned(),
        mend_en: "plan an area around the place, or fly higher".to_owned(),
    })
}

fn no_home() -> Warning {
    Warning {
        leg: None,
        what_zh: "未指定起降点:未检查往返航程、航时与通视".to_owned(),
        what_en: "nobody says where it takes off: the way there and back, its time and the line of sight are not checked"
            .to_owned(),
        mend_zh: "请填写起降点,或在配置中为飞行器设置 home".to_owned(),
        mend_en: "give home, or state the home of the vehicle in the configuration".to_owned(),
    }
}

/// Returns a plan of this server's own as one that was read.
pub fn imported(plan: Plan, aircraft: &Aircraft) -> Imported {
    let dji = aircraft.dji.as_ref().map(formats::numbers);
    Imported { plan, format: Format::Kmz, dji, notes: Vec::new(), faults: Vec::new() }
}
