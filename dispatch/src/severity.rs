//! How bad an incident is, from its class and its area.

use serde::{Deserialize, Serialize};

/// Severity of an incident, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Small.
    Minor,
    /// To be dealt with.
    Moderate,
    /// Large.
    Severe,
}

/// Areas from which an incident of one class is moderate and severe.
///
/// An area below `moderate_from_m2` is minor, from it on moderate, from `severe_from_m2` on severe. The area is what was
/// seen: a thing cut by the edge of the picture may be larger. An incident without an area, such as a plume located by
/// its source, has the severity `without_area`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityScale {
    /// Least area of a moderate incident, square metres.
    pub moderate_from_m2: f64,
    /// Least area of a severe incident, square metres.
    pub severe_from_m2: f64,
    /// Severity where the area is not known.
    pub without_area: Severity,
}

impl SeverityScale {
    /// Returns the severity of an incident; an area that is not a number counts as not known.
    ///
    /// # Units
    /// `area_m2` in square metres.
    pub fn severity(&self, area_m2: Option<f64>) -> Severity {
        match area_m2 {
            Some(area_m2) if area_m2 >= self.severe_from_m2 => Severity::Severe,
            Some(area_m2) if area_m2 >= self.moderate_from_m2 => Severity::Moderate,
            Some(area_m2) if area_m2.is_finite() => Severity::Minor,
            Some(_) | None => self.without_area,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_decides_with_the_threshold_belonging_to_the_upper_step() {
        let scale =
            SeverityScale { moderate_from_m2: 50.0, severe_from_m2: 300.0, without_area: Severity::Moderate };
        let check = |area_m2, expect| assert_eq!(scale.severity(area_m2), expect, "{area_m2:?}");
        check(Some(0.0), Severity::Minor);
        check(Some(49.9), Severity::Minor);
        check(Some(50.0), Severity::Moderate);
        check(Some(300.0), Severity::Severe);
        check(Some(f64::NAN), Severity::Moderate);
        check(None, Severity::Moderate);
    }
}
