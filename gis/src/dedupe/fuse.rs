//! One position and one outline from many sightings.
//!
//! Position: within a source, sightings are weighted by the independent part of their error; the shared part (what the
//! position states as its bias, and at least what the configuration asks for) is added once and not averaged away, so that
//! fifty frames of one flight are no better than its bias. Different sources are weighted by their whole error. Partial sightings count only while there is no whole one.
//!
//! Outline: of the last few whole outlines, those seen about as well as the best three, the one of median area. A union would only
//! grow, with every position error and every stray mask; a mean of outlines has no corners; the median outline is one that
//! was really seen, and follows a sheet that grows. While only parts were seen, it is their union.

use jiff::Timestamp;
use nalgebra::{Matrix3, Vector3};

use super::cells::h3_cell_of;
use super::check::{Sighting, mean_variance_m2};
use super::config::DedupeConfig;
use super::outline::{centroid, extent_m, union_of_parts};
use super::plane::Plane;
use crate::height::EllipsoidHeight;
use crate::incident::{Incident, KeptOutline, PoseBias, SourceFix};
use crate::position::{BiasModes, GeoPoint, GroundPosition};

/// Least weight that earlier sightings keep, however old they are.
const MIN_MEMORY: f64 = 0.02;
/// Variance up to which an outline counts as seen as well as the best ones, as a multiple.
const AS_GOOD: f64 = 2.0;
/// Outlines that together outvote others: one stray mask from close by does not.
const QUORUM: usize = 3;
/// Share of the shown area below which a mask is taken for a fragment, whose centroid is not that of the thing.
const FRAGMENT_SHARE: f64 = 0.5;
/// Standard deviation of the centroid of a thing seen in part, as a share of the extent seen: what goes on for half as far
/// again has its middle a quarter further on.
const HIDDEN_SHARE: f64 = 0.25;

/// Takes a sighting into position and outline of an incident.
///
/// `part_of_several` says that the frame shows the incident as several masks, each of them a part.
pub(super) fn add_sighting(
    incident: &mut Incident,
    sighting: &Sighting,
    part_of_several: bool,
    config: &DedupeConfig,
) {
    let partial = (sighting.truncated() || part_of_several) && !shows_more_than_known(incident, sighting);
    let off_centre = partial || is_fragment(incident, sighting);
    let memory_secs = config.rule(&incident.class).position_memory_secs;
    add_fix(&mut incident.fixes, sighting, off_centre, memory_secs);
    add_outline(incident, sighting, partial, config);
    refresh_position(incident);
}

/// Returns true when a part of the thing is larger than what was taken for the whole: it has grown beyond the picture.
fn shows_more_than_known(incident: &Incident, sighting: &Sighting) -> bool {
    let seen_m2 = sighting.footprint.as_ref().map_or(0.0, |f| f.area_m2);
    !incident.outlines.is_empty() && incident.area_m2.is_some_and(|known_m2| seen_m2 >= known_m2)
}

/// Returns true when the mask is far smaller than what several whole outlines show.
fn is_fragment(incident: &Incident, sighting: &Sighting) -> bool {
    let seen_m2 = sighting.footprint.as_ref().map_or(f64::INFINITY, |f| f.area_m2);
    let shown_m2 = incident.area_m2.filter(|_| incident.outlines.len() >= QUORUM);
    shown_m2.is_some_and(|shown_m2| seen_m2 < FRAGMENT_SHARE * shown_m2)
}

fn add_fix(fixes: &mut Vec<SourceFix>, sighting: &Sighting, partial: bool, memory_secs: f64) {
    let Sighting { observation, raw, independent_m2, shared_m2, .. } = sighting;
    let key = (observation.source.as_str(), partial);
    let information = inverse(independent_m2);
    know_flight(fixes, &observation.source, sighting.pose_bias.as_ref());
    let place = fixes.partition_point(|fix| (fix.source.as_str(), fix.partial) < key);
    match fixes.get_mut(place).filter(|fix| (fix.source.as_str(), fix.partial) == key) {
        Some(fix) => {
            let age_secs = observation.time.duration_since(fix.last).as_secs_f64().max(0.0);
            let memory = (-age_secs / memory_secs).exp().max(MIN_MEMORY);
            let before = fix.information_per_m2 * memory;
            combine(fix, before, (raw.point, sighting.modes_m()), &information);
            keep_better(fix, independent_m2, shared_m2);
            fix.last = fix.last.max(observation.time);
        }
        None => fixes.insert(
            place,
            SourceFix {
                source: observation.source.clone(),
                partial,
                mean: raw.point,
                information_per_m2: information,
                independent_m2: *independent_m2,
                shared_m2: *shared_m2,
                modes_m: *sighting.modes_m(),
                pose_bias: sighting.pose_bias,
                last: observation.time,
            },
        ),
    }
}

/// Tells all fixes of a flight what is now known of its errors.
pub(super) fn know_flight(fixes: &mut [SourceFix], source: &str, known: Option<&PoseBias>) {
    if let Some(known) = known {
        let of_flight = fixes.iter_mut().filter(|fix| fix.source == source);
        of_flight.for_each(|fix| fix.pose_bias = Some(*known));
    }
}

/// Adds what another incident's fix says of the same source.
pub(super) fn add_fix_of_other(fixes: &mut Vec<SourceFix>, other: SourceFix) {
    let key = |fix: &SourceFix| (fix.source.clone(), fix.partial);
    let place = fixes.partition_point(|fix| key(fix) < key(&other));
    match fixes.get_mut(place).filter(|fix| key(fix) == key(&other)) {
        Some(fix) => {
            let before = fix.information_per_m2;
            combine(fix, before, (other.mean, &other.modes_m), &other.information_per_m2);
            keep_better(fix, &other.independent_m2, &other.shared_m2);
            fix.last = fix.last.max(other.last);
        }
        None => fixes.insert(place, other),
    }
}

fn combine(
    fix: &mut SourceFix,
    before: Matrix3<f64>,
    (point, modes_m): (GeoPoint, &BiasModes),
    information: &Matrix3<f64>,
) {
    let sum = before + information;
    let weight = inverse(&sum) * information;
    fix.mean = moved(fix.mean, weight * offset_m(fix.mean, point));
    fix.modes_m += weight * (modes_m - fix.modes_m);
    fix.information_per_m2 = sum;
}

fn keep_better(fix: &mut SourceFix, independent_m2: &Matrix3<f64>, shared_m2: &Matrix3<f64>) {
    let known_m2 = mean_variance_m2(&(fix.independent_m2 + fix.shared_m2));
    if mean_variance_m2(&(independent_m2 + shared_m2)) < known_m2 {
        fix.independent_m2 = *independent_m2;
        fix.shared_m2 = *shared_m2;
    }
}

fn add_outline(incident: &mut Incident, sighting: &Sighting, partial: bool, config: &DedupeConfig) {
    let Some(seen) = &sighting.footprint else { return };
    if !partial {
        incident.outlines.push(KeptOutline {
            time: sighting.observation.time,
            variance_m2: mean_variance_m2(&sighting.position.covariance_enu_m2),
            footprint: seen.clone(),
        });
        choose_outline(incident, config);
    } else if incident.outlines.is_empty() {
        let joined = match &incident.footprint {
            Some(known) => union_of_parts(known, seen),
            None => seen.clone(),
        };
        incident.area_m2 = Some(joined.area_m2);
        incident.footprint = Some(joined);
    }
}

/// Drops outlines that are old or badly seen, and shows the one of median area, the smaller of two.
pub(super) fn choose_outline(incident: &mut Incident, config: &DedupeConfig) {
    let newest = incident.outlines.iter().map(|o| o.time).max().unwrap_or(Timestamp::MIN);
    incident.outlines.retain(|o| newest.duration_since(o.time).as_secs_f64() <= config.outline_memory_secs);
    let mut variances_m2: Vec<f64> = incident.outlines.iter().map(|o| o.variance_m2).collect();
    variances_m2.sort_by(f64::total_cmp);
    let good_m2 = variances_m2.get(QUORUM - 1).copied().unwrap_or(f64::INFINITY);
    incident.outlines.retain(|o| o.variance_m2 <= AS_GOOD * good_m2);
    let surplus = incident.outlines.len().saturating_sub(config.outlines_kept);
    incident.outlines.drain(..surplus);
    let mut by_area: Vec<&KeptOutline> = incident.outlines.iter().collect();
    by_area.sort_by(|a, b| a.footprint.area_m2.total_cmp(&b.footprint.area_m2));
    if let Some(median) = by_area.get(by_area.len().saturating_sub(1) / 2) {
        incident.area_m2 = Some(median.footprint.area_m2);
        incident.footprint = Some(median.footprint.clone());
    }
}

/// Sets position and cell from the fixes.
pub(super) fn refresh_position(incident: &mut Incident) {
    let whole = incident.fixes.iter().any(|fix| !fix.partial);
    let mut used = incident.fixes.iter().filter(|fix| fix.partial != whole);
    let Some(first) = used.next() else { return };
    let mut information = inverse(&error_of(first));
    let mut weighted = Vector3::zeros();
    let mut weighted_bias = information * lasting_of(first) * information;
    let start = corrected(first);
    for fix in used {
        let of_fix = inverse(&error_of(fix));
        weighted += of_fix * offset_m(start, corrected(fix));
        weighted_bias += of_fix * lasting_of(fix) * of_fix;
        information += of_fix;
    }
    let mut covariance = inverse(&information);
    let bias = covariance * weighted_bias * covariance;
    let mut point = moved(start, covariance * weighted);
    if let (false, Some(footprint)) = (whole, &incident.footprint) {
        point.lat_lon = centroid(&footprint.ring).unwrap_or(point.lat_lon);
        let hidden_m = HIDDEN_SHARE * extent_m(&footprint.ring);
        covariance += Matrix3::from_diagonal(&Vector3::new(hidden_m * hidden_m, hidden_m * hidden_m, 0.0));
    }
    incident.cell = h3_cell_of(point.lat_lon);
    let bias_covariance_enu_m2 = (bias + bias.transpose()) / 2.0;
    incident.position =
        Some(GroundPosition { bias_covariance_enu_m2, ..GroundPosition::new(point, covariance) });
}

/// Returns the whole error of a source's mean, square metres.
fn error_of(fix: &SourceFix) -> Matrix3<f64> {
    inverse(&fix.information_per_m2) + lasting_of(fix)
}

/// Returns what is not known of the lasting error of a source's mean, square metres.
fn lasting_of(fix: &SourceFix) -> Matrix3<f64> {
    fix.shared_m2 + fix.pose_bias.map_or(Matrix3::zeros(), |known| known.covariance_m2(&fix.modes_m))
}

/// Returns a source's mean, freed of what is known of the errors of its flight.
fn corrected(fix: &SourceFix) -> GeoPoint {
    fix.pose_bias.map_or(fix.mean, |known| moved(fix.mean, -known.displacement_m(&fix.modes_m)))
}

/// Returns the inverse, made symmetric; of a matrix too flat to invert, that of its diagonal.
pub(super) fn inverse(matrix: &Matrix3<f64>) -> Matrix3<f64> {
    let inverse = matrix.try_inverse().filter(|m| m.iter().all(|v| v.is_finite()));
    let inverse = inverse.unwrap_or_else(|| {
        Matrix3::from_diagonal(&matrix.diagonal().map(|v| 1.0 / v.max(f64::MIN_POSITIVE.sqrt())))
    });
    (inverse + inverse.transpose()) / 2.0
}

/// Returns the way from one point to another in east, north, up, metres.
fn offset_m(from: GeoPoint, to: GeoPoint) -> Vector3<f64> {
    let flat = Plane::at(from.lat_lon).plane_from_lat_lon(to.lat_lon);
    Vector3::new(flat.x, flat.y, to.height.0 - from.height.0)
}

pub(super) fn moved(from: GeoPoint, step_m: Vector3<f64>) -> GeoPoint {
    GeoPoint {
        lat_lon: Plane::at(from.lat_lon).lat_lon_from_plane(step_m.x, step_m.y),
        height: EllipsoidHeight(from.height.0 + step_m.z),
    }
}
