//! Fence and no-fly zones.

use geo::{BoundingRect, Contains, Coord, Intersects, Line, MultiPolygon, Rect};
use gis::LatLon;
use jiff::Timestamp;

use super::problem::{Problem, Rule};
use super::{Against, hops, leg_of};
use crate::area::{AreaError, asked_from_geojson};
use crate::plan::Plan;

/// A zone that must not be entered, always or for a time.
#[derive(Debug, Clone, PartialEq)]
pub struct NoFly {
    /// Its name.
    pub name: String,
    /// Degrees, x = longitude.
    pub degrees: MultiPolygon<f64>,
    /// Valid from.
    pub from: Option<Timestamp>,
    /// Valid until, not counting.
    pub until: Option<Timestamp>,
}

impl NoFly {
    /// Tells whether it counts at a moment; without one it does.
    pub fn counts(&self, at: Option<Timestamp>) -> bool {
        at.is_none_or(|at| {
            self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
        })
    }
}

/// Reads zones: polygons with `name`, and `from` and `until` (RFC 3339) where they are not for ever.
///
/// # Errors
/// When the text is no GeoJSON of polygons, or a time cannot be read: a zone is never guessed to be open.
pub fn no_fly_from_geojson(text: &str) -> Result<Vec<NoFly>, AreaError> {
    let asked = asked_from_geojson(text)?;
    let zone = |(feature, asked): (usize, crate::area::Asked)| {
        let time = |key: &str| match asked.properties.get(key) {
            None | Some(serde_json::Value::Null) => Ok(None),
            Some(value) => value.as_str().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
                let reason = format!("{key} is {value}; give a time as in 2026-06-22T09:00:00+08:00");
                AreaError::Invalid { feature, reason }
            }),
        };
        let name =
            ["name", "name_zh", "name_en", "id"].iter().find_map(|key| asked.properties.get(*key)?.as_str());
        let name = name.map_or_else(|| format!("zone {feature}"), ToOwned::to_owned);
        Ok(NoFly { name, from: time("from")?, until: time("until")?, degrees: asked.degrees })
    };
    asked.into_iter().enumerate().map(zone).collect()
}

/// Reads a fence: polygons that must not be left.
///
/// # Errors
/// When the text is no GeoJSON of polygons.
pub fn fence_from_geojson(text: &str) -> Result<MultiPolygon<f64>, AreaError> {
    let asked = asked_from_geojson(text)?;
    let polygons: Vec<&geo::Polygon<f64>> = asked.iter().flat_map(|asked| &asked.degrees.0).collect();
    Ok(geo::unary_union(polygons))
}

fn coord(at: LatLon) -> Coord<f64> {
    Coord { x: at.lon_deg, y: at.lat_deg }
}

/// Returns where the plan leaves the fence or enters a zone; one problem for each leg and zone.
pub fn problems(plan: &Plan, against: &Against<'_>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    let zones: Vec<(&NoFly, Option<Rect<f64>>)> = against
        .no_fly
        .iter()
        .filter(|zone| zone.counts(against.at))
        .map(|z| (z, z.degrees.bounding_rect()))
        .collect();
    if let Some(home) = plan.home {
        let inside = zones.iter().filter(|(zone, _)| zone.degrees.intersects(&coord(home)));
        problems.extend(inside.map(|(zone, _)| over_home(zone)));
    }
    for hop in hops(plan, None) {
        let line = Line::new(coord(hop.from), coord(hop.to));
        let leg = leg_of(plan, hop.waypoint);
        if let Some(fence) = against.fence
            && !fence.contains(&line)
        {
            once(&mut problems, left(hop.waypoint).at(hop.waypoint, leg));
        }
        let rect = line.bounding_rect();
        for (zone, around) in &zones {
            if around.is_some_and(|around| around.intersects(&rect)) && zone.degrees.intersects(&line) {
                once(&mut problems, entered(zone, hop.waypoint).at(hop.waypoint, leg));
            }
        }
    }
    problems
}

/// One problem a leg and rule and text is enough; pieces between legs are told one by one.
fn once(problems: &mut Vec<Problem>, problem: Problem) {
    let same = |other: &Problem| {
        other.rule == problem.rule
            && other.leg == problem.leg
            && other.leg.is_some()
            && other.mend_en == problem.mend_en
    };
    if !problems.iter().any(same) {
        problems.push(problem);
    }
}

fn left(waypoint: usize) -> Problem {
    Problem::whole(
        Rule::Fence,
        (
            format!("the way to waypoint {waypoint} leaves the fence"),
            format!("飞往航点 {waypoint} 的航段超出电子围栏"),
        ),
        (
            "cut the area at the fence, or move home so that the way stays inside".to_owned(),
            "请按围栏裁剪作业区,或调整起降点使航段位于围栏内".to_owned(),
        ),
    )
}

fn entered(zone: &NoFly, waypoint: usize) -> Problem {
    let NoFly { name, until, .. } = zone;
    let (later_en, later_zh) = until.map_or((String::new(), String::new()), |until| {
        (format!(", or fly after {until}"), format!(",或在 {until} 之后飞行"))
    });
    Problem::whole(
        Rule::NoFly,
        (
            format!("the way to waypoint {waypoint} enters no-fly zone {name}"),
            format!("飞往航点 {waypoint} 的航段进入禁飞区“{name}”"),
        ),
        (
            format!("plan with --no-fly, which keeps {name} out of the area{later_en}"),
            format!("请用 --no-fly 重新规划以避开“{name}”{later_zh}"),
        ),
    )
}

fn over_home(zone: &NoFly) -> Problem {
    let name = &zone.name;
    Problem::whole(
        Rule::NoFly,
        (format!("home lies in no-fly zone {name}"), format!("起降点位于禁飞区“{name}”内")),
        (
            format!("take off outside of {name}, or ask for a permission"),
            format!("请在“{name}”之外起降,或申请放行"),
        ),
    )
}
