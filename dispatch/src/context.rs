//! Ground that is licensed for what is seen there: no incident, or a lesser one.
//!
//! Geometry is [`gis::zones::ContextIndex`]'s; here the rules' `[[context]]` entries say what a share of a layer means.

use gis::incident::Incident;
use gis::zones::{ContextFeature, ContextIndex, Covered};
use gis::{Footprint, GroundPosition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::rules::RuleSet;
use crate::severity::Severity;

/// What the ground makes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No incident.
    None,
    /// An incident, one step less severe.
    Lesser,
    /// The same incident; the ground is only said in the reason.
    Unaffected,
}

/// One entry of `[[context]]`: what it means that a finding lies in a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextRule {
    /// Layer.
    pub layer: String,
    /// Class of incident.
    pub class: String,
    /// Only roads of this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub road_class: Option<String>,
    /// Least share of the finding that lies inside.
    pub min_share: f64,
    /// Greatest area of the finding that lies outside, square metres; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_outside_m2: Option<f64>,
    /// What it makes of the finding.
    pub verdict: Verdict,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

impl ContextRule {
    pub(crate) fn problems(&self, index: usize) -> Vec<Problem> {
        let path = |key: &str| format!("context[{index}].{key}");
        let mut problems = Vec::new();
        if !(self.min_share > 0.0 && self.min_share <= 1.0) {
            let message = format!("{} is not above 0 and at most 1", self.min_share);
            problems.push(Problem::error(path("min_share"), message));
        }
        if let Some(area_m2) = self.max_outside_m2.filter(|area_m2| area_m2.is_nan() || *area_m2 < 0.0) {
            problems.push(Problem::error(path("max_outside_m2"), format!("{area_m2} is not 0 or more")));
        }
        for (key, text) in
            [("layer", &self.layer), ("reason_zh", &self.reason_zh), ("reason_en", &self.reason_en)]
        {
            if text.trim().is_empty() {
                problems.push(Problem::error(path(key), "is empty"));
            }
        }
        problems
    }

    fn wants(&self, feature: &ContextFeature) -> bool {
        feature.layer == self.layer
            && self.road_class.as_ref().is_none_or(|class| feature.road_class.as_ref() == Some(class))
    }
}

/// What the ground says of a finding, with the layer and the share that decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextFound {
    /// Layer that decided.
    pub layer: String,
    /// Code of the feature that covers the most.
    pub feature: String,
    /// Share of the finding inside the layer.
    pub share: f64,
    /// What it makes of the finding.
    pub verdict: Verdict,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

impl ContextFound {
    /// Returns the severity that is left.
    pub fn severity(&self, severity: Severity) -> Severity {
        match (self.verdict, severity) {
            (Verdict::Lesser, Severity::Severe) => Severity::Moderate,
            (Verdict::Lesser, Severity::Moderate | Severity::Minor) => Severity::Minor,
            (Verdict::None | Verdict::Unaffected, severity) => severity,
        }
    }
}

/// A finding as the ground is asked about it.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// Class of the incident.
    pub class: &'a str,
    /// Where it lies.
    pub position: &'a GroundPosition,
    /// Its outline on the ground, where it is known.
    pub footprint: Option<&'a Footprint>,
    /// Its area, square metres, where it is known.
    pub area_m2: Option<f64>,
    /// When it was seen; licences have days.
    pub time: Timestamp,
}

impl<'a> Finding<'a> {
    /// Returns what is to be asked of an incident that has a position.
    pub fn of(incident: &'a Incident) -> Option<Self> {
        Some(Self {
            class: &incident.class,
            position: incident.position.as_ref()?,
            footprint: incident.footprint.as_ref(),
            area_m2: incident.area_m2,
            time: incident.last_seen,
        })
    }
}

/// Returns what the ground makes of a finding: the first entry whose layer holds enough of it decides; none where none does.
///
/// An entry that limits the area outside decides only where the area is known, so that water beyond the bank stays one.
pub fn ground(finding: &Finding<'_>, context: &ContextIndex, rules: &RuleSet) -> Option<ContextFound> {
    let mut entries = rules.context.iter().filter(|rule| rule.class == finding.class).peekable();
    entries.peek().filter(|_| !context.features().is_empty())?;
    let covered = Covered::new(finding.position, finding.footprint);
    let day = rules.calendar.local(finding.time).0;
    entries.find_map(|rule| {
        let found = context.share(&covered, |feature| rule.wants(feature) && feature.is_valid_on(day))?;
        let area_m2 = finding.area_m2.or(finding.footprint.map(|footprint| footprint.area_m2));
        let outside_m2 = area_m2.map(|area_m2| (1.0 - found.share) * area_m2);
        let little_outside = match (rule.max_outside_m2, outside_m2) {
            (None, _) => true,
            // A point without an outline has no part outside that is known; its share alone decides.
            (Some(_), None) => finding.footprint.is_none(),
            (Some(most), Some(outside_m2)) => outside_m2 <= most,
        };
        let holds = found.share >= rule.min_share && little_outside;
        holds.then(|| described(rule, found.feature, found.share))
    })
}

fn described(rule: &ContextRule, feature: &ContextFeature, share: f64) -> ContextFound {
    let percent = (100.0 * share).floor();
    let (end_zh, end_en) = match rule.verdict {
        Verdict::None => (",不作为事件", ", no incident"),
        Verdict::Lesser => (",降低一级", ", one step less severe"),
        Verdict::Unaffected => ("", ""),
    };
    let (zh, en) = (&feature.name_zh, &feature.name_en);
    ContextFound {
        layer: rule.layer.clone(),
        feature: feature.code.clone(),
        share,
        verdict: rule.verdict,
        reason_zh: format!("{}:{percent} % 在{zh}({})内{end_zh}", rule.reason_zh, feature.code),
        reason_en: format!("{}: {percent} % inside {en} ({}){end_en}", rule.reason_en, feature.code),
    }
}
