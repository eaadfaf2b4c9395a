//! Problems in words, Chinese and English.

use serde::Serialize;

/// Which rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Fields of the format.
    Format,
    /// Made for another aircraft.
    Aircraft,
    /// Out of the fence.
    Fence,
    /// In a no-fly zone.
    NoFly,
    /// Too near to the ground.
    Clearance,
    /// Too high above ground.
    Ceiling,
    /// Ground not known.
    Terrain,
    /// Longer than a battery lasts.
    Endurance,
    /// Wind above the limit.
    Wind,
    /// Too far from home.
    Range,
    /// Ground between aircraft and home.
    Sight,
    /// Pictures are blurred by motion.
    Blur,
    /// Pictures follow too fast.
    Interval,
    /// Ground is shown more coarsely than asked.
    Gsd,
    /// Home is not known.
    Home,
}

/// Something that is wrong, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// Which rule.
    pub rule: Rule,
    /// Leg, counted from 1; none between legs and for the whole plan.
    pub leg: Option<usize>,
    /// Waypoint, counted from 0.
    pub waypoint: Option<usize>,
    /// What is wrong, English.
    pub en: String,
    /// What is wrong, Chinese.
    pub zh: String,
    /// How to mend it, English.
    pub mend_en: String,
    /// How to mend it, Chinese.
    pub mend_zh: String,
}

impl Problem {
    /// Returns a problem of the whole plan: what is wrong and its mend, each English and Chinese.
    pub fn whole(rule: Rule, (en, zh): (String, String), (mend_en, mend_zh): (String, String)) -> Self {
        Self { rule, leg: None, waypoint: None, en, zh, mend_en, mend_zh }
    }

    /// Returns the problem at a waypoint of a leg (counted from 0).
    #[must_use]
    pub fn at(self, waypoint: usize, leg: Option<usize>) -> Self {
        Self { waypoint: Some(waypoint), leg: leg.map(|leg| leg + 1), ..self }
    }

    /// Returns a broken table of fields.
    pub fn of_file(fault: &str) -> Self {
        Self::whole(
            Rule::Format,
            (format!("the file breaks its format: {fault}"), format!("文件不符合格式要求:{fault}")),
            (
                "export the plan again with a tool that writes this field".to_owned(),
                "请用能写出该字段的工具重新导出航线".to_owned(),
            ),
        )
    }

    /// Returns a plan for another of DJI's aircraft.
    pub fn other_aircraft(found: [u32; 3], name: &str) -> Self {
        let [drone, sub, payload] = found;
        Self::whole(
            Rule::Aircraft,
            (
                format!("the plan is for drone {drone}-{sub} with payload {payload}, not for {name}"),
                format!("航线适用机型 {drone}-{sub}(负载 {payload}),不是 {name}"),
            ),
            (
                format!("plan it anew for {name}, or name the right aircraft with --profile"),
                format!("请按 {name} 重新规划,或用 --profile 指定正确机型"),
            ),
        )
    }

    /// Returns a plan that names another profile.
    pub fn named_for(found: &str, id: &str) -> Self {
        Self::whole(
            Rule::Aircraft,
            (format!("the plan is for {found}, not for {id}"), format!("航线为 {found} 规划,不是 {id}")),
            (
                format!("plan it anew for {id}, or check it with --profile {found}"),
                format!("请按 {id} 重新规划,或用 --profile {found} 检查"),
            ),
        )
    }
}
