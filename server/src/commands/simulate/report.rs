//! The report of a simulated day: figures and a map, one page that opens offline.

use std::collections::BTreeMap;
use std::fmt::Write;

use dispatch::State;
use gis::LatLon;
use gis::zones::ZoneLevel;

use super::{Shown, figures};

/// Width of the map, pixels.
const MAP_PX: f64 = 900.0;

const STYLE: &str = "body{font:15px/1.5 sans-serif;margin:24px;max-width:960px}svg{background:#f4f5f2;border:1px solid #bbb}\
pre{background:#f6f6f6;padding:12px;overflow:auto}path{fill:none;stroke:#8a938c;stroke-width:1}.district{stroke:#444;stroke-width:2}\
.found{fill:#1a7f4b}.missed{fill:#c1121f}.twice{fill:#e08e0b}.invented{fill:none;stroke:#7b2cbf;stroke-width:2}";

/// Returns the page.
pub fn page(shown: &Shown<'_>) -> String {
    let mut page = String::new();
    let title = format!("flyonce: 模拟一日 simulated day, seed {}", shown.scored.seed);
    let _ = write!(
        page,
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
    );
    let _ = write!(page, "<p>绿 found, 红 missed 漏报, 橙 twice 重复, 紫圈 invented 误报</p>{}", map(shown));
    let text = figures::table(std::slice::from_ref(shown.scored));
    let _ = write!(page, "<pre>{}</pre></html>", text.replace('&', "&amp;").replace('<', "&lt;"));
    page
}

fn map(shown: &Shown<'_>) -> String {
    let area = &shown.scenario.area;
    let height_px = MAP_PX * area.height_km / area.width_km;
    let xy = |at: LatLon| {
        let place = shown.day.map.place(at);
        let x = (place.east_m / (1000.0 * area.width_km) + 0.5) * MAP_PX;
        (x, (0.5 - place.north_m / (1000.0 * area.height_km)) * height_px)
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {MAP_PX} {height_px:.0}\" width=\"{MAP_PX}\" role=\"img\" aria-label=\"map 地图\">"
    );
    for zone in shown.city.zones.zones() {
        let class = match zone.level {
            ZoneLevel::District => "district",
            ZoneLevel::Township => "township",
            _ => continue,
        };
        for polygon in &zone.polygon {
            let corners = polygon.exterior().coords().map(|c| xy(LatLon { lat_deg: c.y, lon_deg: c.x }));
            let path: Vec<String> = corners.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"M{}Z\"><title>{}</title></path>",
                path.join("L"),
                zone.name_zh
            );
        }
    }
    svg.push_str(&marks(shown, &xy));
    svg.push_str("</svg>");
    svg
}

/// Things by how often they became a task, and tasks of no thing.
fn marks(shown: &Shown<'_>, xy: &dyn Fn(LatLon) -> (f64, f64)) -> String {
    let things = shown.day.things.len();
    let mut tasks_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut svg = String::new();
    for task in shown.outcome.tasks.iter().filter(|task| task.state != State::Merged) {
        let Some(incident) = shown.outcome.incidents.iter().find(|incident| incident.id == task.incident_id)
        else {
            continue;
        };
        let mut causes: BTreeMap<usize, usize> = BTreeMap::new();
        for cause in incident.observations.iter().filter_map(|id| shown.day.cause_of.get(id)) {
            *causes.entry(*cause).or_default() += 1;
        }
        match causes.iter().max_by_key(|(_, count)| **count).map(|(cause, _)| *cause) {
            Some(cause) if cause < things => *tasks_of.entry(cause).or_default() += 1,
            _ => {
                let (x, y) = xy(task.position);
                let _ = write!(
                    svg,
                    "<circle class=\"invented\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"><title>{}</title></circle>",
                    task.title_zh
                );
            }
        }
    }
    for (n, thing) in shown.day.things.iter().enumerate() {
        let class = ["missed", "found", "twice"][tasks_of.get(&n).copied().unwrap_or(0).min(2)];
        let (x, y) = xy(shown.day.map.lat_lon(thing.place));
        let name = shown.scenario.things.get(thing.kind).map_or("", |things| things.class.as_str());
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{name}</title></circle>"
        );
    }
    svg
}
