//! What a dock and its aircraft say of themselves: properties and warnings.

use gis::LatLon;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::body::Warning;
use crate::link::{Fault, Words};

/// Docks do not start above this wind, metres a second.
const MOST_WIND_MPS: f64 = 12.0;
/// Nor in heavier rain: 0 none, 1 light, 2 moderate, 3 heavy.
const MOST_RAIN: i64 = 2;
/// Least charge, percent.
const LEAST_CHARGE: f64 = 30.0;
/// Warnings kept.
const WARNINGS: usize = 64;

/// What is known of a dock.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Health {
    /// When it was last heard.
    pub heard: Option<Timestamp>,
    /// 0 idle, 1 and 2 debugging, 3 firmware, 4 working.
    pub mode: Option<i64>,
    /// Whether the aircraft stands in it.
    pub aircraft_inside: Option<bool>,
    /// Charge of the aircraft, percent.
    pub charge_percent: Option<f64>,
    /// Wind at the dock, metres a second.
    pub wind_mps: Option<f64>,
    /// Rain at the dock.
    pub rain: Option<i64>,
    /// Whether its emergency stop is pressed.
    pub emergency_stop: Option<bool>,
    /// 0 closed, 1 open, 2 half open, 3 faulty.
    pub cover: Option<i64>,
    /// Warnings there are.
    pub warnings: Vec<Warning>,
}

/// Where an aircraft is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Place {
    /// When it was heard, by the clock of this machine.
    pub heard: Timestamp,
    /// Where.
    pub at: LatLon,
    /// Height above the ellipsoid, metres.
    pub height_m: Option<f64>,
    /// Height above take-off, metres.
    pub above_home_m: Option<f64>,
    /// Where its nose points, degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Charge, percent.
    pub battery_percent: Option<f64>,
}

fn number(data: &Value, path: &str) -> Option<f64> {
    data.pointer(path).and_then(Value::as_f64).filter(|n| n.is_finite())
}

impl Health {
    /// Takes properties of the dock: what they do not name stays.
    pub fn properties(&mut self, data: &Value, now: Timestamp) {
        self.heard = Some(now);
        let whole = |path| data.pointer(path).and_then(Value::as_i64);
        self.mode = whole("/mode_code").or(self.mode);
        self.aircraft_inside = whole("/drone_in_dock").map(|inside| inside == 1).or(self.aircraft_inside);
        self.charge_percent = number(data, "/drone_charge_state/capacity_percent").or(self.charge_percent);
        self.wind_mps = number(data, "/wind_speed").or(self.wind_mps);
        self.rain = whole("/rainfall").or(self.rain);
        self.emergency_stop = whole("/emergency_stop_state").map(|stop| stop == 1).or(self.emergency_stop);
        self.cover = whole("/cover_state").or(self.cover);
    }

    /// Takes the warnings there are now.
    pub fn warnings(&mut self, list: Vec<Warning>) {
        self.warnings = list;
        self.warnings.truncate(WARNINGS);
    }

    /// Returns what speaks against a start.
    pub fn against(&self) -> Vec<Fault> {
        let code = |bad: bool, code: i64| bad.then(|| super::codes::fault(code));
        let mut found: Vec<Fault> = [
            code(self.emergency_stop == Some(true), 514_121),
            code(self.rain.is_some_and(|rain| rain > MOST_RAIN), 514_134),
            code(self.wind_mps.is_some_and(|wind| wind > MOST_WIND_MPS), 514_135),
            code(self.charge_percent.is_some_and(|charge| charge < LEAST_CHARGE), 514_103),
            code(self.aircraft_inside == Some(false), 316_010),
            code(self.mode == Some(1), 514_145),
            code(self.mode == Some(2), 514_146),
            code(self.mode == Some(3), 514_147),
            code(self.mode == Some(4), 319_016),
        ]
        .into_iter()
        .flatten()
        .collect();
        found.extend(self.warnings.iter().filter(|warning| warning.level >= 2).map(of_warning));
        found
    }
}

fn of_warning(warning: &Warning) -> Fault {
    let what = Words::new(
        format!("设备告警 {}", warning.code),
        format!("the dock gives the alarm {}", warning.code),
    );
    let mend = Words::new(
        "请在机场遥控或厂家的健康告警表中查看该编号并排除",
        "look the number up in the maker's list of health warnings, and mend it",
    );
    Fault::new(what, mend).coded(warning.code.clone())
}

impl Place {
    /// Reads properties of an aircraft; none while it has no position.
    pub fn read(data: &Value, now: Timestamp) -> Option<Self> {
        let (lat_deg, lon_deg) = (number(data, "/latitude")?, number(data, "/longitude")?);
        // 0, 0 means that there is none.
        let at = LatLon::new(lat_deg, lon_deg).filter(|_| lat_deg.abs() + lon_deg.abs() > 1e-9)?;
        Some(Self {
            heard: now,
            at,
            height_m: number(data, "/height"),
            above_home_m: number(data, "/elevation"),
            heading_deg: number(data, "/attitude_head").map(|deg| deg.rem_euclid(360.0)),
            battery_percent: number(data, "/battery/capacity_percent"),
        })
    }
}

/// Returns why a way home stopped.
pub fn homing_stopped(reason: i64) -> Words {
    let (zh, en) = match reason {
        0 => ("摇杆加了油门", "throttle was added by a stick"),
        1 => ("摇杆被拨动", "a stick was moved"),
        2 => ("返航流程初始化失败", "the way home could not be planned"),
        3 => ("被障碍物包围", "obstacles are all around"),
        4 => ("触发限飞", "a restricted zone is in the way"),
        5 => ("障碍物过近", "an obstacle is too near"),
        6 => ("无卫星信号", "no satellite signal"),
        7 | 8 => ("定位不可靠", "the position is not reliable"),
        9 => ("短距离折返", "it turned back over a short way"),
        10 => ("近距离触发返航", "it is too near to its home"),
        _ => ("未公布的原因", "a reason that no document lists"),
    };
    Words::new(format!("返航中断:{zh}({reason})"), format!("the way home stopped: {en} ({reason})"))
}
