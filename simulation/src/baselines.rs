//! What simpler ways of putting sightings together make of the same day.
//!
//! Each takes three sightings for a task, as the product's own default does at the least.

use std::collections::BTreeMap;

use gis::{LatLon, Observation};
use h3o::{LatLng, Resolution};
use rstar::primitives::GeomWithData;
use rstar::{PointDistance, RTree};
use serde::Serialize;

use crate::day::Day;
use crate::ground::Place;
use crate::score::{Cluster, Grouping, grouping};

/// Sightings that make a task.
const SIGHTINGS: usize = 3;
/// 150 feet, metres: the radius of a commercial 311 system.
const FEET_150_M: f64 = 45.72;
/// Its time window, seconds.
const HOURS_3_S: f64 = 10_800.0;
/// Radius of DBSCAN, metres: twice the standard deviation of a sighting 60 m from the aircraft with 3 degrees of heading error.
const DBSCAN_EPS_M: f64 = 7.0;

/// One way and what it makes of a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// How well it puts sightings together.
    #[serde(flatten)]
    pub grouping: Grouping,
}

/// Returns what each of the simpler ways makes of a day.
pub fn baselines(day: &Day) -> Vec<Baseline> {
    let seen: Vec<&Observation> = day.frames.iter().flat_map(|frame| &frame.observations).collect();
    let places: Vec<Place> = seen.iter().map(|o| day.map.place(at(o))).collect();
    let mut out = Vec::new();
    for resolution in [Resolution::Nine, Resolution::Ten, Resolution::Eleven, Resolution::Twelve] {
        out.push((format!("h3 r{}", u8::from(resolution)), by_cell(&seen, resolution)));
    }
    out.push(("50 m radius".to_owned(), by_radius(&seen, &places, 50.0, f64::INFINITY)));
    out.push(("150 ft and 3 h".to_owned(), by_radius(&seen, &places, FEET_150_M, HOURS_3_S)));
    out.push((format!("dbscan {DBSCAN_EPS_M} m"), dbscan(&seen, &places)));
    let judged = |(name, groups): (String, Vec<usize>)| Baseline {
        name,
        grouping: grouping(&clusters(day, &seen, &groups), day.things.len()),
    };
    out.into_iter().map(judged).collect()
}

fn at(observation: &Observation) -> LatLon {
    observation.location.ground().map_or(LatLon { lat_deg: 0.0, lon_deg: 0.0 }, |ground| ground.point.lat_lon)
}

fn clusters(day: &Day, seen: &[&Observation], groups: &[usize]) -> Vec<Cluster> {
    let mut by_group: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    for (observation, group) in seen.iter().zip(groups) {
        if let Some(cause) = day.cause_of.get(&observation.id) {
            *by_group.entry(*group).or_default().entry(*cause).or_default() += 1;
        }
    }
    let cluster = |causes: BTreeMap<usize, usize>| {
        let task = causes.values().sum::<usize>() >= SIGHTINGS;
        Cluster { causes, task }
    };
    by_group.into_values().map(cluster).collect()
}

fn by_cell(seen: &[&Observation], resolution: Resolution) -> Vec<usize> {
    let mut numbers: BTreeMap<(String, Option<u64>), usize> = BTreeMap::new();
    let mut number = |observation: &&Observation| {
        let LatLon { lat_deg, lon_deg } = at(observation);
        let cell = LatLng::new(lat_deg, lon_deg).ok().map(|p| u64::from(p.to_cell(resolution)));
        let next = numbers.len();
        *numbers.entry((observation.class.clone(), cell)).or_insert(next)
    };
    seen.iter().map(&mut number).collect()
}

/// Joins the nearest group of the class whose mean lies within the radius and whose last sighting within the time.
fn by_radius(seen: &[&Observation], places: &[Place], radius_m: f64, within_s: f64) -> Vec<usize> {
    struct Group<'a> {
        class: &'a str,
        sum: (f64, f64),
        count: f64,
        last: jiff::Timestamp,
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut out = Vec::new();
    for (observation, place) in seen.iter().zip(places) {
        let near = groups.iter().enumerate().filter_map(|(i, group)| {
            let mean = Place { east_m: group.sum.0 / group.count, north_m: group.sum.1 / group.count };
            let gap_s = observation.time.duration_since(group.last).as_secs_f64();
            let distance_m = mean.distance_m(*place);
            let fits = group.class == observation.class && gap_s <= within_s && distance_m <= radius_m;
            fits.then_some((i, distance_m))
        });
        let index = near.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(groups.len(), |(i, _)| i);
        if index == groups.len() {
            groups.push(Group {
                class: &observation.class,
                sum: (0.0, 0.0),
                count: 0.0,
                last: observation.time,
            });
        }
        if let Some(group) = groups.get_mut(index) {
            group.sum = (group.sum.0 + place.east_m, group.sum.1 + place.north_m);
            (group.count, group.last) = (group.count + 1.0, observation.time);
        }
        out.push(index);
    }
    out
}

/// # References
/// Ester, Kriegel, Sander, Xu, KDD-96: density-based clusters; here with three points for a core.
fn dbscan(seen: &[&Observation], places: &[Place]) -> Vec<usize> {
    let entry = |(i, place): (usize, &Place)| GeomWithData::new([place.east_m, place.north_m], i);
    let tree = RTree::bulk_load(places.iter().enumerate().map(entry).collect());
    let class = |i: usize| seen.get(i).map(|observation| observation.class.as_str());
    let around = |i: usize| -> Vec<usize> {
        let Some(place) = places.get(i) else { return Vec::new() };
        let middle = [place.east_m, place.north_m];
        let near = tree.locate_within_distance(middle, DBSCAN_EPS_M * DBSCAN_EPS_M);
        near.filter(|found| found.geom().distance_2(&middle).is_finite())
            .map(|found| found.data)
            .filter(|other| class(*other) == class(i))
            .collect()
    };
    let mut group: Vec<Option<usize>> = vec![None; seen.len()];
    let mut groups = 0;
    for start in 0..seen.len() {
        if group.get(start).is_none_or(Option::is_some) {
            continue;
        }
        let mut waiting = vec![start];
        while let Some(i) = waiting.pop() {
            let Some(mine) = group.get_mut(i).filter(|mine| mine.is_none()) else { continue };
            *mine = Some(groups);
            let near = around(i);
            if near.len() >= SIGHTINGS {
                waiting.extend(near);
            }
        }
        groups += 1;
    }
    group.into_iter().map(|number| number.unwrap_or(usize::MAX)).collect()
}
