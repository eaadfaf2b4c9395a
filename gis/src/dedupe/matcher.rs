//! Is this sighting of that incident? A log-likelihood ratio in nats against "it is something new".
//!
//! Two readings are weighed and the better one counts:
//!
//! - Near: the centroids agree within both errors. `ln N(d; 0, S) - ln(density of others)`, with `d` the offset and `S` the
//!   sum of both covariances and of the fraying of both masks, gated at 99 %.
//! - Overlap: the outlines lie on the same ground. Then the offset of the centroids is not an error but shape (the sheet goes
//!   on beyond the picture, or a part of it is hidden), and every share of overlap above the minimum counts instead.
//!
//! Within one flight the shared part of the position error cancels, so that `S` holds the independent parts only.
//! Each reading loses up to one nat with the time since the incident was last seen.
//!
//! # References
//! Reid, IEEE Transactions on Automatic Control 24 (1979), equations 9 to 16: association by the density of the innovation
//! against the density of new targets.

use nalgebra::{Matrix2, Vector2};

use super::check::{Sighting, horizontal};
use super::config::DedupeConfig;
use super::fuse::moved;
use super::outline::{overlap_share, polygon_in_plane};
use super::plane::Plane;
use crate::incident::{Incident, SourceFix};
use crate::observation::Footprint;
use crate::position::{GeoPoint, GroundPosition};

/// How well a sighting fits an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    /// Log-likelihood ratio against "something new", nats; above zero speaks for this incident.
    pub(super) nats: f64,
    /// Mahalanobis distance of the centroids.
    pub(super) mahalanobis: f64,
    /// Share of the smaller outline that the other covers.
    pub(super) overlap: f64,
    /// True when the overlap alone suffices.
    pub(super) by_overlap: bool,
}

impl Fit {
    /// Returns the decision in words.
    pub(super) fn words(&self) -> String {
        let Self { nats, mahalanobis, overlap, .. } = self;
        format!("distance {mahalanobis:.2} sigma, overlap {overlap:.2}, {nats:+.1} nats")
    }
}

/// Returns how well the sighting fits, or `None` when it cannot be of this incident.
pub(super) fn fit_of_sighting(
    sighting: &Sighting,
    incident: &Incident,
    config: &DedupeConfig,
) -> Option<Fit> {
    let time = sighting.observation.time;
    let before = incident.first_seen.duration_since(time).as_secs_f64();
    let after = time.duration_since(incident.last_seen).as_secs_f64();
    let whole = incident.position.as_ref()?;
    let (here, there, covariance_m2) = if let Some(fix) = fix_of_same_flight(sighting, incident, config) {
        let known = sighting.pose_bias.unwrap_or_default();
        let modes_m = sighting.modes_m() - fix.modes_m;
        let there = moved(fix.mean, known.displacement_m(&modes_m));
        let lasting_m2 = known.covariance_m2(&modes_m);
        (sighting.raw.point, there, sighting.independent_m2 + fix.independent_m2 + lasting_m2)
    } else {
        let covariance_m2 = sighting.position.covariance_enu_m2 + whole.covariance_enu_m2;
        (sighting.position.point, whole.point, covariance_m2)
    };
    let pair = Pair {
        here,
        there,
        covariance_m2: horizontal(&covariance_m2),
        outlines: (sighting.footprint.as_ref(), incident.footprint.as_ref()),
        gap_secs: before.max(after).max(0.0),
        rejoin_within_secs: config.rule(&incident.class).rejoin_within_secs,
    };
    fit(&pair, config)
}

/// Returns how well two incidents fit as one.
pub(super) fn fit_of_incidents(a: &Incident, b: &Incident, config: &DedupeConfig) -> Option<Fit> {
    let gap = a.first_seen.duration_since(b.last_seen).max(b.first_seen.duration_since(a.last_seen));
    let within = config.rule(&a.class).rejoin_within_secs;
    fit_after(a, b, [gap.as_secs_f64().max(0.0), within], config)
}

/// Returns how well an incident fits as one that ended, seen again.
pub(super) fn fit_of_recurrence(over: &Incident, again: &Incident, config: &DedupeConfig) -> Option<Fit> {
    let gap_secs = again.first_seen.duration_since(over.looks.over_since?).as_secs_f64();
    let within = config.rule(&over.class).reopen_within_secs;
    (gap_secs > 0.0 && within > 0.0).then(|| fit_after(over, again, [gap_secs, within], config)).flatten()
}

fn fit_after(
    a: &Incident,
    b: &Incident,
    [gap_secs, rejoin_within_secs]: [f64; 2],
    config: &DedupeConfig,
) -> Option<Fit> {
    let (at_a, at_b): (&GroundPosition, &GroundPosition) = (a.position.as_ref()?, b.position.as_ref()?);
    let pair = Pair {
        here: at_a.point,
        there: at_b.point,
        covariance_m2: horizontal(&(at_a.covariance_enu_m2 + at_b.covariance_enu_m2)),
        outlines: (a.footprint.as_ref(), b.footprint.as_ref()),
        gap_secs,
        rejoin_within_secs,
    };
    fit(&pair, config)
}

/// Returns what this source already said about the place during the same flight; whole sightings before partial ones.
pub(super) fn fix_of_same_flight<'a>(
    sighting: &Sighting,
    incident: &'a Incident,
    config: &DedupeConfig,
) -> Option<&'a SourceFix> {
    let Sighting { observation, .. } = sighting;
    incident.fixes.iter().find(|fix| {
        let age = observation.time.duration_since(fix.last).as_secs_f64().abs();
        fix.source == observation.source && age <= config.bias_holds_secs
    })
}

struct Pair<'a> {
    here: GeoPoint,
    there: GeoPoint,
    covariance_m2: Matrix2<f64>,
    outlines: (Option<&'a Footprint>, Option<&'a Footprint>),
    gap_secs: f64,
    rejoin_within_secs: f64,
}

fn fit(pair: &Pair, config: &DedupeConfig) -> Option<Fit> {
    if pair.gap_secs > pair.rejoin_within_secs {
        return None;
    }
    let plane = Plane::at(pair.here.lat_lon);
    let frayed_m2 = fraying_m2(pair.outlines.0, config) + fraying_m2(pair.outlines.1, config);
    let covariance_m2 = pair.covariance_m2 + Matrix2::from_diagonal_element(frayed_m2);
    let information = covariance_m2.try_inverse()?;
    let offset_m: Vector2<f64> = plane.plane_from_lat_lon(pair.there.lat_lon);
    let chi2 = (offset_m.transpose() * information * offset_m).x.max(0.0);
    let at_zero = (std::f64::consts::PI * config.rival_radius_m.powi(2)).ln()
        - std::f64::consts::TAU.ln()
        - 0.5 * covariance_m2.determinant().ln()
        - pair.gap_secs / pair.rejoin_within_secs;
    let (overlap, needed) = overlap_of(pair.outlines, &plane, config);
    let near = (chi2 <= config.gate_chi2).then_some(at_zero - 0.5 * chi2);
    let over = (overlap > 0.0 && overlap >= needed)
        .then_some(at_zero.max(0.0) + config.overlap_weight_nats * (overlap - needed));
    let nats = match (near, over) {
        (Some(near), Some(over)) => near.max(over),
        (near, over) => near.or(over)?,
    };
    let by_overlap = over.is_some_and(|over| over > 0.0);
    Some(Fit { nats, mahalanobis: chi2.sqrt(), overlap, by_overlap }).filter(|fit| fit.nats > 0.0)
}

/// Returns the share of the smaller outline covered, and the share needed for it to decide.
fn overlap_of(
    outlines: (Option<&Footprint>, Option<&Footprint>),
    plane: &Plane,
    config: &DedupeConfig,
) -> (f64, f64) {
    let (Some(a), Some(b)) = outlines else { return (0.0, config.min_overlap_whole) };
    let share = overlap_share(&polygon_in_plane(&a.ring, plane), &polygon_in_plane(&b.ring, plane));
    let partial = a.truncated || b.truncated;
    (share, if partial { config.min_overlap_partial } else { config.min_overlap_whole })
}

/// Returns the variance of an outline's centroid that comes from the mask alone, square metres.
pub(super) fn fraying_m2(footprint: Option<&Footprint>, config: &DedupeConfig) -> f64 {
    let area_m2 = footprint.map_or(0.0, |f| f.area_m2);
    config.outline_jitter.powi(2) * 4.0 * area_m2 / std::f64::consts::PI
}
