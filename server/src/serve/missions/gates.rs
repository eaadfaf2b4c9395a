//! What must hold before a mission is launched; the vehicle looks at gates of its own besides.

use gis::Terrain;
use missions::Aircraft;
use missions::check::{Against, Problem, Wind, check};
use missions::link::Words;
use serde_json::{Value, json};

use super::plan::imported;
use super::{Launch, Mission};
use crate::clock;
use crate::wire::Vehicle;

/// Returns every gate, open or shut.
pub fn gates(
    mission: &Mission,
    vehicle: &Vehicle,
    aircraft: Option<&Aircraft>,
    launch: &Launch,
    ground: Option<&dyn Terrain>,
) -> Vec<Value> {
    // The limits of the vehicle that flies, not of another that is called the same.
    let aircraft = vehicle.profile.as_ref().or(aircraft);
    let mut all = vec![plan(mission, aircraft, launch, ground), fits(mission, vehicle)];
    // Docks measure the wind themselves.
    let must_be_told = matches!(vehicle.link, missions_link::Vehicle::Mavlink(_));
    if let Some(aircraft) = aircraft.filter(|_| must_be_told || launch.wind.is_some()) {
        all.push(wind(mission, aircraft, launch, ground));
    }
    all
}

fn gate(id: &str, ok: bool, what: &Words, next: &Words) -> Value {
    json!({"id": id, "ok": ok, "zh": what.zh, "en": what.en, "next_zh": next.zh, "next_en": next.en})
}

/// What the check finds now and did not when the plan was made.
fn fresh(
    mission: &Mission,
    aircraft: &Aircraft,
    wind: Option<Wind>,
    ground: Option<&dyn Terrain>,
) -> Option<Problem> {
    let at = Some(clock::now());
    let against = Against { ground, at, wind, gsd_m: mission.gsd_m, ..Against::aircraft(aircraft) };
    let known = |problem: &Problem| mission.warnings.iter().any(|known| known.what_en == problem.en);
    check(&imported(mission.plan.clone(), aircraft), &against).into_iter().find(|problem| !known(problem))
}

fn plan(
    mission: &Mission,
    aircraft: Option<&Aircraft>,
    launch: &Launch,
    ground: Option<&dyn Terrain>,
) -> Value {
    if let Some(problem) = aircraft.and_then(|aircraft| fresh(mission, aircraft, None, ground)) {
        let next = Words::new(problem.mend_zh, problem.mend_en);
        return gate("plan", false, &Words::new(problem.zh, problem.en), &next);
    }
    let count = mission.warnings.len();
    let (zh, en) = mission.warnings.first().map_or_else(Default::default, |first| {
        (format!(",首个:{}", first.what_zh), format!(", the first: {}", first.what_en))
    });
    let what = Words::new(
        format!("航线检查发现 {count} 个问题{zh}"),
        format!("the plan's check found {count} problems{en}"),
    );
    let next = Words::new(
        "修改航线,或确认已阅读(accept_warnings)",
        "change the plan, or say that they were read (accept_warnings)",
    );
    gate("plan", count == 0 || launch.accept_warnings, &what, &next)
}

fn fits(mission: &Mission, vehicle: &Vehicle) -> Value {
    let profile = vehicle.profile.as_ref().map(|profile| profile.id.as_str());
    let what = Words::new(
        format!("航线机型 {},飞行器机型 {}", mission.aircraft, profile.unwrap_or("未注明")),
        format!("the plan is for {}, the vehicle is {}", mission.aircraft, profile.unwrap_or("not stated")),
    );
    let next = Words::new("请按该机型重新规划", "plan it anew for this aircraft");
    gate("aircraft", profile.is_none_or(|profile| profile == mission.aircraft), &what, &next)
}

fn wind(mission: &Mission, aircraft: &Aircraft, launch: &Launch, ground: Option<&dyn Terrain>) -> Value {
    let Some(wind) = launch.wind else {
        let what = Words::new("未给出风速", "the wind is not given");
        let next = Words::new("请测量风速并填写", "measure the wind and give it");
        return gate("wind", false, &what, &next);
    };
    if let Some(problem) = fresh(mission, aircraft, Some(wind), ground) {
        let next = Words::new(problem.mend_zh, problem.mend_en);
        return gate("wind", false, &Words::new(problem.zh, problem.en), &next);
    }
    let what = Words::new(
        format!("风速 {:.1} 米/秒,风向 {:.0} 度", wind.speed_mps, wind.from_deg),
        format!("wind {:.1} m/s from {:.0} degrees", wind.speed_mps, wind.from_deg),
    );
    gate("wind", true, &what, &Words::new("无需操作", "nothing to do"))
}
