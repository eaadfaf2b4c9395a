//! What sources looked at in the last half minute: how long a place was in view before something was first seen there, and when it went out of view.
//!
//! A real thing is seen as soon as it comes into view; what is mistaken for one begins anywhere in between. And while a place is in view, waiting costs seconds;
//! once it is not, the next look may be hours away.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::Look;
use super::gone::is_clear;
use crate::incident::IncidentId;
use crate::position::LatLon;

/// How long looks are kept, seconds: beyond it a place may have been in view for ever.
const KEPT_SECS: f64 = 30.0;
/// Looks nearer than this to the last one kept are left out, seconds.
const SPACING_SECS: f64 = 0.1;
/// A longer pause between two looks of a source, and what they show has come into view anew, seconds.
const PAUSE_SECS: f64 = 10.0;
/// Distance from the edge from which a place counts as in view, metres: what the edge and the place are out by beside the error that they share.
const CLEAR_M: f64 = 2.0;
/// Sources of which looks are kept at most; the one that looked longest ago is let go.
const MOST_SOURCES: usize = 1024;

/// The latest looks of each source, and the candidates whose places they show.
///
/// It is not stored with the incidents: what is lost of it at a restart is evidence of half a minute. A copy shares what does not change.
#[derive(Debug, Clone, Default)]
pub struct RecentLooks {
    by_source: BTreeMap<Arc<str>, Arc<VecDeque<Kept>>>,
    /// The last look of a source that showed the place of a candidate.
    watched: BTreeMap<(String, IncidentId), Timestamp>,
    by_time: BTreeSet<(Timestamp, String, IncidentId)>,
}

/// Looks in a row at the same ground.
#[derive(Debug, Clone)]
struct Kept {
    from: Timestamp,
    to: Timestamp,
    ring: Arc<Vec<LatLon>>,
    classes: Arc<Vec<String>>,
}

impl Kept {
    fn is_same(&self, look: &Look, ring: &[LatLon]) -> bool {
        *self.ring == *ring && *self.classes == look.classes && secs(self.to, look.time) <= PAUSE_SECS
    }

    fn looks_for(&self, class: &str) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|other| other == class)
    }
}

/// Keeps a look behind those of its source, and lets the oldest go.
fn keep(kept: &mut VecDeque<Kept>, look: &Look, ring: &[LatLon]) {
    while kept.len() > 1 && kept.front().is_some_and(|first| secs(first.to, look.time) > KEPT_SECS) {
        kept.pop_front();
    }
    let classes = match kept.back_mut() {
        Some(last) if look.time <= last.to => return,
        Some(last) if last.is_same(look, ring) => {
            last.to = look.time;
            return;
        }
        Some(last) if secs(last.to, look.time) < SPACING_SECS => return,
        Some(last) if *last.classes == look.classes => Arc::clone(&last.classes),
        _ => Arc::new(look.classes.clone()),
    };
    kept.push_back(Kept { from: look.time, to: look.time, ring: Arc::new(ring.to_vec()), classes });
}

fn secs(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

impl RecentLooks {
    /// Keeps a look that is later than those kept of its source and says what it shows.
    pub(super) fn note(&mut self, look: &Look) {
        let Some(ring) = look.footprint.as_ref().filter(|ring| ring.len() >= 3) else { return };
        if !self.by_source.contains_key(look.source.as_str()) {
            self.by_source.insert(look.source.as_str().into(), Arc::default());
        }
        if let Some(kept) = self.by_source.get_mut(look.source.as_str()) {
            keep(Arc::make_mut(kept), look, ring);
        }
        self.let_go();
    }

    fn let_go(&mut self) {
        if self.by_source.len() <= MOST_SOURCES {
            return;
        }
        let last = |kept: &VecDeque<Kept>| kept.back().map(|last| last.to);
        let oldest =
            self.by_source.iter().min_by_key(|(_, kept)| last(kept)).map(|(source, _)| source.clone());
        if let Some(source) = oldest {
            self.by_source.remove(&source);
        }
    }

    /// Returns true when the source sees what it saw before: its view does not move.
    pub(super) fn is_still(&self, look: &Look) -> bool {
        let last = self.by_source.get(look.source.as_str()).and_then(|kept| kept.back());
        last.zip(look.footprint.as_ref()).is_some_and(|(last, ring)| *last.ring == *ring)
    }

    /// Returns for how long a place was in view before a look, seconds; none where it was in view for longer than looks are kept: a thing may have come
    /// meanwhile.
    pub(super) fn in_view_secs(&self, at: LatLon, class: &str, look: &Look) -> Option<f64> {
        let kept = self.by_source.get(look.source.as_str());
        let mut since = look.time;
        for before in kept.into_iter().flat_map(|kept| kept.iter().rev()) {
            if before.from >= look.time || !before.looks_for(class) {
                continue;
            }
            if secs(before.to, since) > PAUSE_SECS || !is_clear(&before.ring, at, CLEAR_M) {
                break;
            }
            since = before.from;
        }
        Some(secs(since, look.time)).filter(|secs| *secs < KEPT_SECS)
    }

    /// Notes that a look shows the place of a candidate; of one that is not watched yet when it came into view.
    pub(super) fn watch(&mut self, look: &Look, id: IncidentId, class: &str, at: LatLon) {
        let key = (look.source.clone(), id);
        if self.watched.contains_key(&key) || self.in_view_secs(at, class, look).is_some() {
            self.put(key, look.time);
        }
    }

    /// Notes that a look covers the place of an incident, which matters if it is watched.
    pub(super) fn covers(&mut self, look: &Look, id: IncidentId) {
        let key = (look.source.clone(), id);
        if self.watched.contains_key(&key) {
            self.put(key, look.time);
        }
    }

    fn put(&mut self, key: (String, IncidentId), time: Timestamp) {
        let (source, id) = key.clone();
        match self.watched.insert(key, time) {
            Some(before) if before > time => {
                self.watched.insert((source, id), before);
            }
            Some(before) => {
                self.by_time.remove(&(before, source.clone(), id));
                self.by_time.insert((time, source, id));
            }
            None => {
                self.by_time.insert((time, source, id));
            }
        }
    }

    /// Returns the candidates that went out of view and watches them no more: those that this look of their source does not show, and those whose source
    /// has not looked for a while.
    pub(super) fn take_out_of_view(&mut self, look: &Look) -> Vec<IncidentId> {
        let mut left: Vec<(Timestamp, String, IncidentId)> = self
            .of_source(&look.source)
            .filter(|(time, ..)| look.footprint.is_some() && *time < look.time)
            .chain(self.silent_at(look.time))
            .collect();
        left.sort();
        left.dedup();
        for (time, source, id) in &left {
            self.watched.remove(&(source.clone(), *id));
            self.by_time.remove(&(*time, source.clone(), *id));
        }
        left.into_iter().map(|(_, _, id)| id).collect()
    }

    fn of_source<'a>(
        &'a self,
        source: &'a str,
    ) -> impl Iterator<Item = (Timestamp, String, IncidentId)> + 'a {
        let first = (source.to_owned(), IncidentId(uuid::Uuid::nil()));
        let own = self.watched.range(first..).take_while(move |((other, _), _)| other == source);
        own.map(|((source, id), time)| (*time, source.clone(), *id))
    }

    fn silent_at(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, String, IncidentId)> + '_ {
        self.by_time.iter().take_while(move |(time, ..)| secs(*time, now) > PAUSE_SECS).cloned()
    }

    /// Returns the candidates that these looks may decide on without showing them: a store must give them to the deduper too.
    pub fn may_decide(&self, looks: &[&Look]) -> BTreeSet<IncidentId> {
        let own = looks.iter().flat_map(|look| self.of_source(&look.source));
        let latest = looks.iter().map(|look| look.time).max();
        let silent = latest.into_iter().flat_map(|now| self.silent_at(now));
        own.chain(silent).map(|(_, _, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedupe::plane::Plane;

    const PLACE: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.86 };

    /// A view of 80 by 80 m whose middle lies so far north of the place.
    fn look(millis: i64, north_m: f64) -> Look {
        let plane = Plane::at(PLACE);
        let corners = [(-40.0, -40.0), (40.0, -40.0), (40.0, 40.0), (-40.0, 40.0)];
        Look {
            source: "drone".to_owned(),
            time: Timestamp::from_millisecond(millis).unwrap(),
            footprint: Some(corners.map(|(e, n)| plane.lat_lon_from_plane(e, n + north_m)).to_vec()),
            ..Look::default()
        }
    }

    /// Looks of an aircraft that flies over the place at 8 m a second, 5 a second; in view from 4.75 s on.
    fn pass() -> Vec<Look> {
        (0..100).map(|n| look(200 * n, 1.6 * n as f64 - 80.0)).collect()
    }

    #[test]
    fn a_place_is_in_view_since_the_look_that_first_shows_it() {
        let mut recent = RecentLooks::default();
        let mut since = Vec::new();
        for look in pass() {
            since.push(recent.in_view_secs(PLACE, "dumping", &look).unwrap());
            recent.note(&look);
        }
        assert_eq!((since[20], since[40]), (0.0, 2.6));
    }

    #[test]
    fn a_place_that_was_always_in_view_has_not_come_into_it() {
        let mut recent = RecentLooks::default();
        for secs in 0..40 {
            recent.note(&look(1_000 * secs, 0.0));
        }
        assert_eq!(recent.in_view_secs(PLACE, "dumping", &look(40_000, 0.0)), None);
        assert_eq!(recent.in_view_secs(PLACE, "dumping", &look(60_000, 0.0)), Some(0.0), "after a pause");
        assert!(recent.is_still(&look(60_000, 0.0)) && !recent.is_still(&look(60_000, 1.0)));
    }

    #[test]
    fn looks_for_other_classes_say_nothing() {
        let mut recent = RecentLooks::default();
        for secs in 0..5 {
            recent.note(&Look { classes: vec!["fume".to_owned()], ..look(1_000 * secs, 0.0) });
        }
        assert_eq!(recent.in_view_secs(PLACE, "dumping", &look(5_000, 0.0)), Some(0.0));
        assert_eq!(recent.in_view_secs(PLACE, "fume", &look(5_000, 0.0)), Some(5.0));
    }

    #[test]
    fn a_candidate_goes_out_of_view_once() {
        let (id, mut recent) = (IncidentId(uuid::Uuid::from_u128(7)), RecentLooks::default());
        recent.watch(&look(0, 0.0), id, "dumping", PLACE);
        recent.covers(&look(200, 10.0), id);
        assert!(recent.take_out_of_view(&look(200, 10.0)).is_empty());
        let away = look(400, 100.0);
        assert_eq!(recent.may_decide(&[&away]), BTreeSet::from([id]));
        assert_eq!(recent.take_out_of_view(&away), [id]);
        assert!(recent.take_out_of_view(&away).is_empty());
    }

    #[test]
    fn a_candidate_of_a_source_that_is_silent_is_out_of_view() {
        let (id, mut recent) = (IncidentId(uuid::Uuid::from_u128(7)), RecentLooks::default());
        recent.watch(&look(0, 0.0), id, "dumping", PLACE);
        let other = |millis| Look { source: "camera".to_owned(), ..look(millis, 0.0) };
        assert!(recent.take_out_of_view(&other(9_000)).is_empty());
        assert_eq!(recent.take_out_of_view(&other(11_000)), [id]);
    }

    #[test]
    fn looks_of_many_sources_and_frames_are_bounded() {
        let mut recent = RecentLooks::default();
        for n in 0..2_000_i64 {
            recent.note(&Look { source: format!("drone-{n}"), ..look(n, 0.0) });
            recent.note(&look(40 * n, n as f64));
        }
        assert!(recent.by_source.len() <= MOST_SOURCES);
        assert!(recent.by_source["drone"].len() <= 302);
    }
}
