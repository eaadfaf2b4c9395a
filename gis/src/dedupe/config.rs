//! Thresholds of deduplication and confirmation, each with its reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::gone::Gone;
use super::reviews::Reviews;

/// How often a thing must be seen before it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Confirm {
    /// N: looks that must have shown it, among the last `looks`.
    pub sightings: u32,
    /// M: looks that are counted.
    pub looks: u32,
    /// Looks in a row without a sighting after which a candidate is closed. A confirmed incident ends by [`Gone`].
    pub give_up_after_misses: u32,
}

impl Default for Confirm {
    /// 3 of 5: a detector that errs in one frame of ten, independently, passes a false candidate in under 1 % of cases.
    fn default() -> Self {
        Self { sightings: 3, looks: 5, give_up_after_misses: 30 }
    }
}

/// How looks and scores become the probability that a thing is there.
///
/// Log-odds begin with those of `prior`. A look that shows it adds `ln(detect / detect_mistaken)`, one that does not `ln((1 - detect) /
/// (1 - detect_mistaken))`; looks nearer in time than `independent_after_secs` count as the part of one. Scores, which are calibrated
/// probabilities, add the log-odds of their mean as often as there are independent ones among them.
///
/// # References
/// Musicki, Evans, Stankovic, IEEE Transactions on Automatic Control 39 (1994): existence as a probability beside the state. Effective number of
/// correlated looks: Kish, Survey Sampling (1965), section 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Existence {
    /// Share of new candidates that are real.
    pub prior: f64,
    /// Share of looks that show a real thing.
    pub detect: f64,
    /// Share of looks that show what was mistaken for one before.
    pub detect_mistaken: f64,
    /// Time after which another look of a source is evidence of its own, seconds.
    pub independent_after_secs: f64,
    /// The same of a source whose view does not move and which repeats its mistakes, seconds; none where it is as of any other.
    pub independent_after_still_secs: Option<f64>,
    /// Most that looks at a place say against a thing there before it is first seen, nats; 0 where they say nothing.
    ///
    /// Nothing speaks against it where the place was in view for longer than half a minute: it may have come meanwhile.
    pub most_against_before: f64,
    /// Correlation of the scores of one thing.
    pub score_correlation: f64,
    /// Probability from which a candidate is believed.
    pub confirm_at: f64,
    /// The same once its place has gone out of view, from when on waiting is long; none where it does not matter. Only of a source that looks again
    /// before a look counts whole.
    pub confirm_out_of_view_at: Option<f64>,
    /// Probability below which a candidate is given up, and above which a confirmed thing is not yet gone.
    pub give_up_at: f64,
}

impl Default for Existence {
    fn default() -> Self {
        Self {
            prior: 0.5,
            detect: 0.75,
            detect_mistaken: 0.35,
            independent_after_secs: 0.5,
            independent_after_still_secs: None,
            most_against_before: 0.0,
            score_correlation: 0.5,
            confirm_at: 0.95,
            confirm_out_of_view_at: None,
            give_up_at: 0.01,
        }
    }
}

/// What is particular to a class of incident.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassRule {
    /// Confirmation.
    pub confirm: Confirm,
    /// How the probability that it is there comes about, where it is not as for all classes.
    pub existence: Option<Existence>,
    /// Mean score needed for confirmation, 0 to 1.
    pub min_score: f64,
    /// Area needed for confirmation, square metres; not asked of incidents without an outline.
    pub min_area_m2: f64,
    /// Longest time between sightings of one incident, seconds. After it a sighting begins a new incident.
    pub rejoin_within_secs: f64,
    /// Time after its end within which a thing that is confirmed at the place is the old one, which reopens, seconds. Later it is a new one.
    pub reopen_within_secs: f64,
    /// What it takes for a confirmed incident to be over.
    pub gone: Gone,
    /// Time constant with which earlier sightings of a source lose weight in its mean position, seconds.
    ///
    /// A sheet of water grows and a plume moves, so the position must follow; a minute keeps one overflight together.
    pub position_memory_secs: f64,
}

impl Default for ClassRule {
    /// Six hours is the time in which a puddle after rain persists or is drained.
    fn default() -> Self {
        Self {
            confirm: Confirm::default(),
            existence: None,
            min_score: 0.0,
            min_area_m2: 0.0,
            rejoin_within_secs: 21_600.0,
            reopen_within_secs: 21_600.0,
            gone: Gone::default(),
            position_memory_secs: 60.0,
        }
    }
}

/// Thresholds of deduplication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DedupeConfig {
    /// Rule for classes that have none of their own.
    pub any_class: ClassRule,
    /// How looks and scores become the probability that a thing is there.
    pub existence: Existence,
    /// Rules by class name. What a configuration leaves out of a class stays as is usual for it.
    #[serde(deserialize_with = "over_usual_classes")]
    pub classes: BTreeMap<String, ClassRule>,
    /// Radius of the circle in which one other thing of the class is expected, metres.
    ///
    /// It is the density that "this is something new" is weighed against. 60 m suits a street after rain; the join radius
    /// depends on it only by the square root of its logarithm.
    pub rival_radius_m: f64,
    /// Largest squared Mahalanobis distance of two sightings of one thing: 99 % of a chi-square of two degrees.
    pub gate_chi2: f64,
    /// Share of the smaller outline that must be covered for two whole outlines to be one thing.
    ///
    /// Two neighbours 5 m apart and 20 m across reach 0.3 only by an error of 11 m between them, while a source that
    /// states its error too small must still find its own sheet again.
    pub min_overlap_whole: f64,
    /// The same when one of them goes on beyond the edge of its picture, so that its centroid says little.
    pub min_overlap_partial: f64,
    /// Worth of a full overlap above the minimum, in nats of log-likelihood.
    ///
    /// Two sheets of water cannot lie on the same ground; only a position error makes them seem to.
    pub overlap_weight_nats: f64,
    /// Standard deviation of the centroid of an outline as a share of the diameter of the circle of its area: masks fray.
    pub outline_jitter: f64,
    /// Standard deviation of the position error that all frames of one source share, metres: 1.5 m for plain GNSS, 0.05 m RTK.
    ///
    /// Averaging frames does not reduce it.
    pub bias_sigma_m: f64,
    /// The same by source, where known.
    pub bias_sigma_m_by_source: BTreeMap<String, f64>,
    /// Least share of an observation's variance that is taken as common to all frames of its source (heading, lens, terrain).
    pub bias_share: f64,
    /// Time for which the shared error of a source stays the same, seconds: about one flight.
    pub bias_holds_secs: f64,
    /// Largest CE90 of a usable position, metres; what is worse is treated as unlocated.
    pub max_ce90_m: f64,
    /// Largest extent of an outline that is accepted, metres.
    pub max_extent_m: f64,
    /// Longest time between unlocated sightings of one incident, seconds.
    pub unlocated_gap_secs: f64,
    /// Whole outlines kept per incident; the one of median area is shown.
    pub outlines_kept: usize,
    /// Age at which a kept outline no longer speaks for the present one, seconds.
    pub outline_memory_secs: f64,
    /// What reviewers said of earlier findings; learnt, never written in a configuration.
    #[serde(skip)]
    pub reviews: Reviews,
}

/// Hours in seconds.
const HOUR: f64 = 3600.0;

/// How long a thing of a class stays the same one, and what else is particular to it.
///
/// A puddle is drained or dry a day and a half after the rain; a heap stays until somebody takes it away; a fire or a kitchen that smokes again the next
/// day is a new case. Water that is back half a day after it was pumped away, and waste that is back within three days, was not dealt with. What rises is lowered in score where nothing in it moves; then it is no longer believed.
fn usual_classes() -> BTreeMap<String, ClassRule> {
    let lasting = |hours: f64, reopen_hours: f64| ClassRule {
        rejoin_within_secs: hours * HOUR,
        reopen_within_secs: reopen_hours * HOUR,
        ..ClassRule::default()
    };
    let plume = ClassRule { min_score: 0.15, ..lasting(12.0, 6.0) };
    BTreeMap::from([
        ("waterlogging".to_owned(), lasting(36.0, 12.0)),
        ("dumping".to_owned(), lasting(14.0 * 24.0, 72.0)),
        ("fume".to_owned(), plume),
        ("flame".to_owned(), plume),
    ])
}

/// A rule as a configuration writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    confirm: Option<Confirm>,
    existence: Option<Existence>,
    min_score: Option<f64>,
    min_area_m2: Option<f64>,
    rejoin_within_secs: Option<f64>,
    reopen_within_secs: Option<f64>,
    gone: Option<Gone>,
    position_memory_secs: Option<f64>,
}

fn over_usual_classes<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, ClassRule>, D::Error> {
    let written = BTreeMap::<String, WrittenRule>::deserialize(from)?;
    let mut rules = usual_classes();
    for (class, written) in written {
        let usual = rules.get(&class).copied().unwrap_or_default();
        let rule = ClassRule {
            confirm: written.confirm.unwrap_or(usual.confirm),
            existence: written.existence.or(usual.existence),
            min_score: written.min_score.unwrap_or(usual.min_score),
            min_area_m2: written.min_area_m2.unwrap_or(usual.min_area_m2),
            rejoin_within_secs: written.rejoin_within_secs.unwrap_or(usual.rejoin_within_secs),
            reopen_within_secs: written.reopen_within_secs.unwrap_or(usual.reopen_within_secs),
            gone: written.gone.unwrap_or(usual.gone),
            position_memory_secs: written.position_memory_secs.unwrap_or(usual.position_memory_secs),
        };
        rules.insert(class, rule);
    }
    Ok(rules)
}

impl Default for DedupeConfig {
    fn default() -> Self {
        Self {
            any_class: ClassRule::default(),
            existence: Existence::default(),
            classes: usual_classes(),
            rival_radius_m: 60.0,
            gate_chi2: 9.21,
            min_overlap_whole: 0.3,
            min_overlap_partial: 0.2,
            overlap_weight_nats: 20.0,
            outline_jitter: 0.1,
            bias_sigma_m: 1.5,
            bias_sigma_m_by_source: BTreeMap::new(),
            bias_share: 0.5,
            bias_holds_secs: 1_800.0,
            max_ce90_m: 50.0,
            max_extent_m: 2_000.0,
            unlocated_gap_secs: 600.0,
            outlines_kept: 5,
            outline_memory_secs: 600.0,
            reviews: Reviews::default(),
        }
    }
}

/// A value of the configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, relative to this configuration.
    pub key: String,
    /// The value and what it must be.
    pub reason: String,
}

impl DedupeConfig {
    /// Returns the rule of a class.
    pub fn rule(&self, class: &str) -> &ClassRule {
        self.classes.get(class).unwrap_or(&self.any_class)
    }

    /// Returns how the probability that a thing of a class is there comes about.
    pub fn existence(&self, class: &str) -> &Existence {
        self.rule(class).existence.as_ref().unwrap_or(&self.existence)
    }

    /// Returns the shared error of a source, metres.
    pub(super) fn bias_sigma_of(&self, source: &str) -> f64 {
        self.bias_sigma_m_by_source.get(source).copied().unwrap_or(self.bias_sigma_m)
    }

    /// Returns every value that cannot be used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let positive = [
            ("rival_radius_m", self.rival_radius_m),
            ("gate_chi2", self.gate_chi2),
            ("bias_holds_secs", self.bias_holds_secs),
            ("max_ce90_m", self.max_ce90_m),
            ("max_extent_m", self.max_extent_m),
            ("unlocated_gap_secs", self.unlocated_gap_secs),
            ("outline_memory_secs", self.outline_memory_secs),
        ];
        for (key, value) in positive {
            check(&mut problems, key.to_owned(), value, value > 0.0 && value.is_finite(), "above 0");
        }
        let not_negative = [
            ("overlap_weight_nats", self.overlap_weight_nats),
            ("outline_jitter", self.outline_jitter),
            ("bias_sigma_m", self.bias_sigma_m),
        ];
        for (key, value) in not_negative {
            check(&mut problems, key.to_owned(), value, value >= 0.0 && value.is_finite(), "0 or more");
        }
        let shares = [
            ("min_overlap_whole", self.min_overlap_whole),
            ("min_overlap_partial", self.min_overlap_partial),
            ("bias_share", self.bias_share),
        ];
        for (key, value) in shares {
            check(&mut problems, key.to_owned(), value, (0.0..=1.0).contains(&value), "between 0 and 1");
        }
        for (source, value) in &self.bias_sigma_m_by_source {
            let key = format!("bias_sigma_m_by_source.{source}");
            check(&mut problems, key, *value, *value >= 0.0 && value.is_finite(), "0 or more");
        }
        if self.outlines_kept == 0 {
            problems
                .push(Problem { key: "outlines_kept".to_owned(), reason: "0 must be 1 or more".to_owned() });
        }
        self.existence.check(&mut problems, "");
        self.any_class.check(&mut problems, "any_class");
        for (class, rule) in &self.classes {
            rule.check(&mut problems, &format!("classes.{class}"));
        }
        problems
    }
}

impl ClassRule {
    fn check(&self, problems: &mut Vec<Problem>, at: &str) {
        let score_ok = (0.0..=1.0).contains(&self.min_score);
        check(problems, format!("{at}.min_score"), self.min_score, score_ok, "between 0 and 1");
        let area_ok = self.min_area_m2 >= 0.0 && self.min_area_m2.is_finite();
        check(problems, format!("{at}.min_area_m2"), self.min_area_m2, area_ok, "0 or more");
        for (key, value) in [
            ("rejoin_within_secs", self.rejoin_within_secs),
            ("position_memory_secs", self.position_memory_secs),
        ] {
            check(problems, format!("{at}.{key}"), value, value > 0.0 && value.is_finite(), "above 0");
        }
        let reopen = self.reopen_within_secs;
        let reopen_ok = reopen >= 0.0 && reopen.is_finite();
        check(problems, format!("{at}.reopen_within_secs"), reopen, reopen_ok, "0 or more");
        self.gone.check(problems, at);
        if let Some(existence) = &self.existence {
            existence.check(problems, &format!("{at}."));
        }
        let Confirm { sightings, looks, give_up_after_misses } = self.confirm;
        if sightings == 0 || sightings > looks || looks > MAX_LOOKS {
            let reason = format!("{sightings} of {looks} must be at least 1 of as many, at most {MAX_LOOKS}");
            problems.push(Problem { key: format!("{at}.confirm"), reason });
        }
        if give_up_after_misses == 0 {
            let key = format!("{at}.confirm.give_up_after_misses");
            problems.push(Problem { key, reason: "0 must be 1 or more".to_owned() });
        }
    }
}

impl Existence {
    fn check(&self, problems: &mut Vec<Problem>, at: &str) {
        for (key, value) in [
            ("prior", self.prior),
            ("detect", self.detect),
            ("detect_mistaken", self.detect_mistaken),
            ("confirm_at", self.confirm_at),
            ("confirm_out_of_view_at", self.confirm_out_of_view_at.unwrap_or(0.5)),
            ("give_up_at", self.give_up_at),
        ] {
            let fine = value > 0.0 && value < 1.0;
            check(problems, format!("{at}existence.{key}"), value, fine, "above 0 and below 1");
        }
        let correlation = self.score_correlation;
        let key = format!("{at}existence.score_correlation");
        check(problems, key, correlation, (0.0..=1.0).contains(&correlation), "between 0 and 1");
        for (key, value) in [
            ("independent_after_secs", self.independent_after_secs),
            ("independent_after_still_secs", self.independent_after_still_secs.unwrap_or(0.0)),
            ("most_against_before", self.most_against_before),
        ] {
            let fine = value >= 0.0 && value.is_finite();
            check(problems, format!("{at}existence.{key}"), value, fine, "0 or more");
        }
        if self.detect <= self.detect_mistaken {
            let key = format!("{at}existence.detect");
            let reason = format!("{} must be above detect_mistaken, {}", self.detect, self.detect_mistaken);
            problems.push(Problem { key, reason });
        }
    }
}

/// Largest window of looks: it is stored with every incident.
const MAX_LOOKS: u32 = 100;

fn check(problems: &mut Vec<Problem>, key: String, value: f64, fine: bool, must_be: &str) {
    if !fine {
        problems.push(Problem { key, reason: format!("{value} must be {must_be}") });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_valid() {
        assert_eq!(DedupeConfig::default().validate(), Vec::new());
    }

    #[test]
    fn nan_and_zero_are_reported_with_their_key() {
        let mut config = DedupeConfig { rival_radius_m: f64::NAN, outlines_kept: 0, ..Default::default() };
        let rule =
            ClassRule { confirm: Confirm { sightings: 6, ..Default::default() }, ..Default::default() };
        config.classes.insert("fumes".to_owned(), rule);
        let keys: Vec<_> = config.validate().into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["rival_radius_m", "outlines_kept", "classes.fumes.confirm"]);
    }
}
