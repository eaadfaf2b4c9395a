//! Boundary files whose datum is not the one declared: GCJ-02 lies 300 to 700 m off, enough to name the wrong district.

use std::collections::BTreeMap;

use geo::{Area, BooleanOps, MultiPolygon};

use super::features::map_lat_lon;
use super::{Crs, Zone, ZoneDefect, ZoneProblem};
use crate::coordinate_door::wgs84_from_gcj02;

/// A zone fits clearly better when the area that disagrees falls to this share of what it was.
const MAX_REMAINING_LOSS: f64 = 0.6;

/// The zones that fit clearly better must win this many times the area that the others lose.
const MIN_WIN_TO_LOSS: f64 = 3.0;

/// And they must win this share of the whole; generalised outlines disagree by about as much on their own.
const MIN_GAIN: f64 = 0.002;

/// How two zones of two files should lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    /// The first is a child of the second and lies inside it.
    ChildOf,
    /// Both are the same zone out of different files.
    SameAs,
}

/// How two zones lie to each other.
///
/// # Units
/// Square degrees.
#[derive(Debug, Clone, Copy)]
struct Agreement {
    agreeing: f64,
    whole: f64,
}

fn agreement(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>, relation: Relation) -> Agreement {
    let agreeing = a.intersection(b).unsigned_area();
    let whole = match relation {
        Relation::ChildOf => a.unsigned_area(),
        Relation::SameAs => a.unsigned_area() + b.unsigned_area() - agreeing,
    };
    Agreement { agreeing, whole }
}

/// Sums over the zones of two files under the supposition that one of them is in GCJ-02.
#[derive(Debug, Clone, Copy, Default)]
struct Supposition {
    declared_agreeing: f64,
    unshifted_agreeing: f64,
    whole: f64,
    won: f64,
    lost: f64,
}

impl Supposition {
    fn add(&mut self, declared: Agreement, unshifted: Agreement) {
        self.declared_agreeing += declared.agreeing;
        self.unshifted_agreeing += unshifted.agreeing;
        self.whole += declared.whole;
        let declared_loss = declared.whole - declared.agreeing;
        let loss = unshifted.whole - unshifted.agreeing;
        if loss > declared_loss {
            self.lost += loss - declared_loss;
        } else if loss < MAX_REMAINING_LOSS * declared_loss {
            self.won += declared_loss - loss;
        }
    }

    fn holds(&self) -> bool {
        self.won > MIN_WIN_TO_LOSS * self.lost && self.won > MIN_GAIN * self.whole
    }

    fn percent(&self, agreeing: f64) -> f64 {
        100.0 * (agreeing / self.whole).min(1.0)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Suppositions {
    first_is_gcj02: Supposition,
    second_is_gcj02: Supposition,
}

/// Returns a warning for each file declared WGS-84, CGCS2000 or an EPSG code that fits another one clearly better once the GCJ-02
/// shift is taken away from it.
///
/// Children are held against their parents (share of their area inside), and zones with the same code in two files
/// against each other (intersection over union). Files that are all in GCJ-02 agree with each other and cannot be told.
pub fn datum_warnings(zones: &[Zone]) -> Vec<ZoneProblem> {
    let mut by_files: BTreeMap<(&str, &str, Relation), Suppositions> = BTreeMap::new();
    for (first, second, relation) in pairs(zones) {
        let key = (first.origin.file.as_str(), second.origin.file.as_str(), relation);
        let (a, b) = (&first.polygon, &second.polygon);
        let declared = agreement(a, b, relation);
        let sums = by_files.entry(key).or_default();
        sums.first_is_gcj02.add(declared, agreement(&map_lat_lon(a, wgs84_from_gcj02), b, relation));
        sums.second_is_gcj02.add(declared, agreement(a, &map_lat_lon(b, wgs84_from_gcj02), relation));
    }
    let declared_unshifted = |file: &str| {
        zones
            .iter()
            .any(|zone| zone.origin.file == file && !matches!(zone.origin.crs, Crs::Gcj02 | Crs::Bd09))
    };
    by_files
        .into_iter()
        .filter_map(|((first, second, _), sums)| {
            let first_wins = sums.first_is_gcj02.won >= sums.second_is_gcj02.won;
            let (suspect, against, supposition) = if first_wins {
                (first, second, sums.first_is_gcj02)
            } else {
                (second, first, sums.second_is_gcj02)
            };
            let doubtful = supposition.holds() && declared_unshifted(suspect);
            doubtful.then(|| warning(suspect, against, &supposition))
        })
        .collect()
}

fn pairs(zones: &[Zone]) -> Vec<(&Zone, &Zone, Relation)> {
    let mut by_code: BTreeMap<&str, Vec<&Zone>> = BTreeMap::new();
    for zone in zones {
        by_code.entry(&zone.code).or_default().push(zone);
    }
    let mut pairs = Vec::new();
    for zone in zones {
        let parents = zone.parent.as_deref().and_then(|parent| by_code.get(parent)).into_iter().flatten();
        let other_file = |other: &&&Zone| other.origin.file != zone.origin.file;
        pairs.extend(parents.filter(other_file).map(|parent| (zone, *parent, Relation::ChildOf)));
        let same = by_code.get(zone.code.as_str()).into_iter().flatten();
        let later_file = |other: &&&Zone| other.origin.file > zone.origin.file;
        pairs.extend(same.filter(later_file).map(|other| (zone, *other, Relation::SameAs)));
    }
    pairs
}

fn warning(suspect: &str, against: &str, sums: &Supposition) -> ZoneProblem {
    ZoneProblem {
        file: suspect.to_owned(),
        feature_index: None,
        code: None,
        defect: ZoneDefect::LooksLikeGcj02 {
            against: against.to_owned(),
            share_percent: sums.percent(sums.declared_agreeing),
            unshifted_percent: sums.percent(sums.unshifted_agreeing),
        },
    }
}
