//! Boundary files whose datum is not the one declared: GCJ-02 lies 300 to 700 m off, enough to name the wrong district.

use std::collections::BTreeMap;

use geo::{Area, BooleanOps, MultiPolygon};

use super::geojson::map_lat_lon;
use super::{Crs, Zone, ZoneDefect, ZoneProblem};
use crate::coordinate_door::wgs84_from_gcj02;

/// The area that disagrees must fall to this share of what it was before a datum is doubted.
const MAX_REMAINING_LOSS: f64 = 0.6;

/// And it must fall by at least this share of the whole; generalised outlines disagree by about as much on their own.
const MIN_GAIN: f64 = 0.002;

/// How two zones of two files should lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    /// The first is a child of the second and lies inside it.
    ChildOf,
    /// Both are the same zone out of different files.
    SameAs,
}

/// Area that agrees, and area in all, summed over the zones of two files.
#[derive(Debug, Clone, Copy, Default)]
struct Agreement {
    agreeing: f64,
    whole: f64,
}

impl Agreement {
    fn add(&mut self, a: &MultiPolygon<f64>, b: &MultiPolygon<f64>, relation: Relation) {
        let common = a.intersection(b).unsigned_area();
        self.agreeing += common;
        self.whole += match relation {
            Relation::ChildOf => a.unsigned_area(),
            Relation::SameAs => a.unsigned_area() + b.unsigned_area() - common,
        };
    }

    fn share(self) -> f64 {
        if self.whole > 0.0 { self.agreeing / self.whole } else { 1.0 }
    }

    fn clearly_better_than(self, declared: Self) -> bool {
        let (loss, declared_loss) = (1.0 - self.share(), 1.0 - declared.share());
        loss < MAX_REMAINING_LOSS * declared_loss && declared_loss - loss > MIN_GAIN
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Hypotheses {
    declared: Agreement,
    first_is_gcj02: Agreement,
    second_is_gcj02: Agreement,
}

/// Returns a warning for each file declared WGS-84 or CGCS2000 that fits another one clearly better once the GCJ-02
/// shift is taken away from it.
///
/// Children are held against their parents (share of their area inside), and zones with the same code in two files
/// against each other (intersection over union). Files that are all in GCJ-02 agree with each other and cannot be told.
pub fn datum_warnings(zones: &[Zone]) -> Vec<ZoneProblem> {
    let mut by_files: BTreeMap<(&str, &str, Relation), Hypotheses> = BTreeMap::new();
    for (first, second, relation) in pairs(zones) {
        let key = (first.origin.file.as_str(), second.origin.file.as_str(), relation);
        let sums = by_files.entry(key).or_default();
        let (a, b) = (&first.polygon, &second.polygon);
        sums.declared.add(a, b, relation);
        sums.first_is_gcj02.add(&map_lat_lon(a, wgs84_from_gcj02), b, relation);
        sums.second_is_gcj02.add(a, &map_lat_lon(b, wgs84_from_gcj02), relation);
    }
    let declared_unshifted = |file: &str| {
        zones
            .iter()
            .any(|zone| zone.origin.file == file && matches!(zone.origin.crs, Crs::Wgs84 | Crs::Cgcs2000))
    };
    by_files
        .into_iter()
        .filter_map(|((first, second, _), sums)| {
            let first_fits_better = sums.first_is_gcj02.share() >= sums.second_is_gcj02.share();
            let (suspect, against, unshifted) = if first_fits_better {
                (first, second, sums.first_is_gcj02)
            } else {
                (second, first, sums.second_is_gcj02)
            };
            let doubtful = unshifted.clearly_better_than(sums.declared) && declared_unshifted(suspect);
            doubtful.then(|| warning(suspect, against, sums.declared, unshifted))
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

fn warning(suspect: &str, against: &str, declared: Agreement, unshifted: Agreement) -> ZoneProblem {
    ZoneProblem {
        file: suspect.to_owned(),
        feature_index: None,
        code: None,
        defect: ZoneDefect::LooksLikeGcj02 {
            against: against.to_owned(),
            share_percent: 100.0 * declared.share(),
            unshifted_percent: 100.0 * unshifted.share(),
        },
    }
}
