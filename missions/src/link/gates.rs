//! What must hold before an aircraft may start.

use gis::LatLon;
use gis::geodesy::plane_distance_m;
use serde::Serialize;

use super::launch::{Fault, Words};
use crate::check::{Problem, Wind};
use crate::plan::Plan;

/// Least charge at the start, percent.
pub const LEAST_BATTERY_PERCENT: f64 = 50.0;
/// Fewest satellites.
pub const LEAST_SATELLITES: u32 = 6;
/// Farthest that the aircraft may stand from the plan's home, or from the first waypoint of a plan without one, metres.
pub const MOST_HOME_M: f64 = 100.0;
/// The same where the plan has no home.
pub const MOST_FIRST_M: f64 = 2000.0;

/// Something that must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// `mission check` found nothing.
    Plan,
    /// The plan is for this aircraft.
    Aircraft,
    /// Enough charge.
    Battery,
    /// It knows where it is.
    Position,
    /// It stands where the plan starts.
    Home,
    /// Someone said what the wind is.
    Wind,
    /// Nobody else flies it.
    Free,
    /// Its own checks passed.
    Health,
}

/// One gate and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// Which.
    pub kind: GateKind,
    /// Why it is shut; open when none.
    pub fault: Option<Fault>,
    /// What was seen.
    pub seen: Words,
}

/// What is known of an aircraft that stands ready. Unknown is shut, not open.
#[derive(Debug, Clone, Default)]
pub struct Ready<'a> {
    /// What `mission check` found.
    pub problems: &'a [Problem],
    /// Charge, percent.
    pub battery_percent: Option<f64>,
    /// Satellites used; none without a fix in three dimensions.
    pub satellites: Option<u32>,
    /// Where it stands.
    pub at: Option<LatLon>,
    /// Wind that was stated or measured.
    pub wind: Option<Wind>,
    /// Kind of aircraft that answers, and whether the plan is for such a one; none when it did not say.
    pub airframe: Option<(Words, bool)>,
    /// Who else flies it.
    pub other_pilot: Option<String>,
    /// What its own checks say.
    pub ill: Vec<Words>,
}

/// Returns every gate, open or shut.
pub fn gates(plan: &Plan, ready: &Ready<'_>) -> Vec<Gate> {
    vec![
        checked(ready.problems),
        airframe(ready.airframe.as_ref()),
        battery(ready.battery_percent),
        position(ready.satellites),
        home(plan, ready.at),
        wind(ready.wind),
        free(ready.other_pilot.as_deref()),
        health(&ready.ill),
    ]
}

fn open(kind: GateKind, zh: impl Into<String>, en: impl Into<String>) -> Gate {
    Gate { kind, fault: None, seen: Words::new(zh, en) }
}

fn shut(kind: GateKind, seen: Words, mend: Words) -> Gate {
    Gate { kind, fault: Some(Fault::new(seen.clone(), mend)), seen }
}

fn checked(problems: &[Problem]) -> Gate {
    let Some(first) = problems.first() else {
        return open(GateKind::Plan, "航线检查未发现问题", "the plan's check found nothing");
    };
    let count = problems.len();
    shut(
        GateKind::Plan,
        Words::new(
            format!("航线检查发现 {count} 个问题,首个:{}", first.zh),
            format!("the plan's check found {count} problems, the first: {}", first.en),
        ),
        Words::new(first.mend_zh.clone(), first.mend_en.clone()),
    )
}

fn airframe(airframe: Option<&(Words, bool)>) -> Gate {
    match airframe {
        Some((seen, true)) => Gate { kind: GateKind::Aircraft, fault: None, seen: seen.clone() },
        Some((seen, false)) => shut(
            GateKind::Aircraft,
            Words::new(
                format!("航线不是为该机型规划:{}", seen.zh),
                format!("the plan is for another aircraft than this: {}", seen.en),
            ),
            Words::new(
                "请连接正确的飞机,或重新规划",
                "connect the right aircraft, or plan anew for this one",
            ),
        ),
        None => shut(
            GateKind::Aircraft,
            Words::new("飞机未报告机型", "the aircraft does not say what it is"),
            Words::new("请检查链路与机型", "check the link and the aircraft"),
        ),
    }
}

fn battery(percent: Option<f64>) -> Gate {
    let mend = Words::new("请更换或充电电池", "change or charge the battery");
    match percent {
        Some(percent) if percent >= LEAST_BATTERY_PERCENT => {
            open(GateKind::Battery, format!("电量 {percent:.0}%"), format!("battery {percent:.0} %"))
        }
        Some(percent) => shut(
            GateKind::Battery,
            Words::new(
                format!("电量 {percent:.0}%,低于 {LEAST_BATTERY_PERCENT:.0}%"),
                format!("battery {percent:.0} %, less than {LEAST_BATTERY_PERCENT:.0} %"),
            ),
            mend,
        ),
        None => shut(GateKind::Battery, Words::new("电量未知", "the battery's charge is not known"), mend),
    }
}

fn position(satellites: Option<u32>) -> Gate {
    let mend = Words::new("请移到开阔处并等待定位", "stand in the open and wait for a fix");
    match satellites {
        Some(count) if count >= LEAST_SATELLITES => open(
            GateKind::Position,
            format!("已定位,卫星 {count} 颗"),
            format!("fix with {count} satellites"),
        ),
        Some(count) => shut(
            GateKind::Position,
            Words::new(
                format!("卫星仅 {count} 颗,少于 {LEAST_SATELLITES} 颗"),
                format!("only {count} satellites, fewer than {LEAST_SATELLITES}"),
            ),
            mend,
        ),
        None => shut(GateKind::Position, Words::new("尚未定位", "no position fix"), mend),
    }
}

fn home(plan: &Plan, at: Option<LatLon>) -> Gate {
    let Some(at) = at else {
        return shut(
            GateKind::Home,
            Words::new("飞机位置未知", "the aircraft's place is not known"),
            Words::new("请等待定位", "wait for a fix"),
        );
    };
    let first =
        plan.waypoints.first().map(|waypoint| (waypoint.at, MOST_FIRST_M, "首个航点", "first waypoint"));
    let wanted = plan.home.map(|home| (home, MOST_HOME_M, "计划起飞点", "home")).or(first);
    let Some((place, most_m, zh, en)) = wanted else {
        return open(GateKind::Home, "航线没有航点", "the plan has no waypoint");
    };
    let away_m = plane_distance_m(place, at);
    let seen = Words::new(format!("距{zh} {away_m:.0} 米"), format!("{away_m:.0} m from the plan's {en}"));
    // A distance that is none is shut, too.
    if away_m <= most_m {
        return Gate { kind: GateKind::Home, fault: None, seen };
    }
    let seen = Words::new(
        format!("{},超过 {most_m:.0} 米", seen.zh),
        format!("{}, more than {most_m:.0} m", seen.en),
    );
    let mend =
        Words::new("请到计划起飞点起飞,或重新规划", "start at the plan's home, or plan anew for this place");
    shut(GateKind::Home, seen, mend)
}

fn wind(wind: Option<Wind>) -> Gate {
    match wind {
        Some(wind) => open(
            GateKind::Wind,
            format!("风速 {:.1} 米/秒,风向 {:.0} 度", wind.speed_mps, wind.from_deg),
            format!("wind {:.1} m/s from {:.0} degrees", wind.speed_mps, wind.from_deg),
        ),
        None => shut(
            GateKind::Wind,
            Words::new("未给出风速", "the wind is not given"),
            Words::new("请测量风速并用 --wind 给出", "measure the wind and give it with --wind"),
        ),
    }
}

fn free(other_pilot: Option<&str>) -> Gate {
    match other_pilot {
        None => open(GateKind::Free, "无其他人操控该飞机", "nobody else flies this aircraft"),
        Some(other) => shut(
            GateKind::Free,
            Words::new(
                format!("该飞机正由 {other} 操控"),
                format!("this aircraft is being flown by {other}"),
            ),
            Words::new("请等待其结束,或与其联系", "wait until they are done, or talk to them"),
        ),
    }
}

fn health(ill: &[Words]) -> Gate {
    if ill.is_empty() {
        return open(GateKind::Health, "飞机自检通过", "the aircraft's own checks passed");
    }
    let zh: Vec<&str> = ill.iter().map(|words| words.zh.as_str()).collect();
    let en: Vec<&str> = ill.iter().map(|words| words.en.as_str()).collect();
    shut(
        GateKind::Health,
        Words::new(
            format!("飞机自检未通过:{}", zh.join(";")),
            format!("the aircraft reports: {}", en.join("; ")),
        ),
        Words::new("请按提示处理后再试", "mend what it reports and try again"),
    )
}
