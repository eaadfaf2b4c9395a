//! What sources looked at in the last half minute: how long a place was in view before something was first seen there, and when it went out of view.
//!
//! A real thing is seen as soon as it comes into view; what is mistaken for one begins anywhere in between. And while a place is in view, waiting costs seconds;
//! once it is not, the next look may be hours away.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::gone::{PAUSE_SECS, is_clear};
use super::outline::is_ring;
use super::{Look, is_among};
use crate::incident::IncidentId;
use crate::position::LatLon;

/// How long looks are kept, seconds: beyond it a place may have been in view for ever.
const KEPT_SECS: f64 = 30.0;
/// Looks nearer than this to the last one kept are left out, seconds.
const SPACING_SECS: f64 = 0.1;
/// Distance from the edge from which a place counts as in view, metres: what the edge and the place are out by beside the error that they share.
const CLEAR_M: f64 = 2.0;
/// A source that has not looked for so long has gone quiet: what it had in view is out of view, seconds. Clocks of sources differ by less.
const QUIET_SECS: i64 = 20;
/// What lies further behind is of another clock, seconds: a recording beside a feed. Its own source decides when it looks again.
const OTHER_CLOCK_SECS: i64 = 120;
/// Sources of which looks are kept at most; the one that looked longest ago is let go.
const MOST_SOURCES: usize = 4096;
/// Candidates watched at most, counted once a source. The one that was in view longest ago is let go and waits for its next sighting.
const MOST_WATCHED: usize = 16_384;

/// The latest looks of each source, and the candidates whose places they show.
///
/// It is not stored with the incidents. What is lost of it at a restart is evidence of half a minute, and what was in view then waits for its next sighting.
/// A copy shares what does not change.
#[derive(Debug, Clone, Default)]
pub struct RecentLooks {
    by_source: BTreeMap<Arc<str>, Arc<VecDeque<Kept>>>,
    /// The last look of a source that showed the place of a candidate.
    watched: BTreeMap<(String, IncidentId), Timestamp>,
    by_time: BTreeSet<(Timestamp, String, IncidentId)>,
    /// The sources that have a candidate in view.
    watchers: BTreeMap<IncidentId, BTreeSet<String>>,
}

/// Since when a place is in view of a source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum InView {
    /// It came into view so many seconds ago.
    Came(f64),
    /// Since the source began to look.
    Began,
    /// For longer than looks are kept: a thing may have come meanwhile.
    Always,
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
        is_among(&self.classes, class)
    }
}

/// Keeps a look behind those of its source, and lets the oldest go.
fn keep(kept: &mut VecDeque<Kept>, look: &Look, ring: &[LatLon]) {
    let is_old = |second: &Kept| secs(second.to, look.time) > KEPT_SECS;
    while kept.get(1).is_some_and(is_old) {
        kept.pop_front();
    }
    if kept.back().is_some_and(|last| secs(look.time, last.to) > KEPT_SECS) {
        // The clock of the source was ahead, or was set back.
        kept.clear();
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

/// Returns the ground of a look, where it is known.
fn ring_of(look: &Look) -> Option<&[LatLon]> {
    look.footprint.as_deref().filter(|ring| is_ring(ring))
}

fn secs(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

impl RecentLooks {
    /// Keeps a look that is later than those kept of its source and says what it shows.
    pub(super) fn note(&mut self, look: &Look) {
        let Some(ring) = ring_of(look) else { return };
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

    /// Returns true when the source sees what it saw before: its view does not move. Of a look at unknown ground when the latest known ones did not.
    pub(super) fn is_still(&self, look: &Look) -> bool {
        let last = self.by_source.get(look.source.as_str()).and_then(|kept| kept.back());
        last.is_some_and(|last| ring_of(look).map_or(last.from < last.to, |ring| *last.ring == *ring))
    }

    /// Returns how long before a look its source looked last, seconds; none where that is not known.
    pub(super) fn since_last_secs(&self, look: &Look) -> Option<f64> {
        let last = self.by_source.get(look.source.as_str()).and_then(|kept| kept.back())?;
        Some(secs(last.to, look.time))
    }

    /// Returns since when a place is in view of the source of a look that shows it.
    pub(super) fn in_view(&self, at: LatLon, class: &str, look: &Look) -> InView {
        let kept = self.by_source.get(look.source.as_str());
        let (mut since, mut came) = (look.time, false);
        for before in kept.into_iter().flat_map(|kept| kept.iter().rev()) {
            if before.from >= look.time || !before.looks_for(class) {
                continue;
            }
            came = secs(before.to, since) > PAUSE_SECS || !is_clear(&before.ring, at, CLEAR_M);
            if came {
                break;
            }
            since = before.from;
        }
        match secs(since, look.time) {
            secs if secs >= KEPT_SECS => InView::Always,
            secs if came => InView::Came(secs),
            _ => InView::Began,
        }
    }

    /// Notes that a look shows a candidate at a place; of one that is not watched yet when it came into view.
    pub(super) fn watch(&mut self, look: &Look, id: IncidentId, class: &str, at: LatLon) {
        let is_watched = self.watched.contains_key(&(look.source.clone(), id));
        if is_watched || self.in_view(at, class, look) != InView::Always {
            self.put(&look.source, id, look.time);
        }
    }

    /// Notes that a look covers the place of an incident, which matters if it is watched.
    pub(super) fn covers(&mut self, look: &Look, id: IncidentId) {
        if self.watched.contains_key(&(look.source.clone(), id)) {
            self.put(&look.source, id, look.time);
        }
    }

    fn put(&mut self, source: &str, id: IncidentId, time: Timestamp) {
        let last = self.watched.entry((source.to_owned(), id)).or_insert(time);
        let before = *last;
        *last = before.max(time);
        let latest = *last;
        self.by_time.remove(&(before, source.to_owned(), id));
        self.by_time.insert((latest, source.to_owned(), id));
        self.watchers.entry(id).or_default().insert(source.to_owned());
        if self.by_time.len() > MOST_WATCHED
            && let Some((time, source, id)) = self.by_time.first().cloned()
        {
            self.unwatch(time, source, id);
        }
    }

    /// Forgets that a source has a candidate in view. Returns true when no other has.
    fn unwatch(&mut self, time: Timestamp, source: String, id: IncidentId) -> bool {
        if let Some(sources) = self.watchers.get_mut(&id) {
            sources.remove(&source);
        }
        let alone = self.watchers.get(&id).is_none_or(BTreeSet::is_empty);
        if alone {
            self.watchers.remove(&id);
        }
        self.watched.remove(&(source.clone(), id));
        self.by_time.remove(&(time, source, id));
        alone
    }

    /// Watches an incident in place of one that it took over.
    pub(super) fn merged(&mut self, from: IncidentId, into: IncidentId) {
        for source in self.watchers.get(&from).cloned().unwrap_or_default() {
            let Some(time) = self.watched.get(&(source.clone(), from)).copied() else { continue };
            self.put(&source, into, time);
            self.unwatch(time, source, from);
        }
    }

    /// Returns the candidates that went out of view of all that watched them, and watches them no more: a look of their source does not show them, or their
    /// source has gone quiet.
    pub(super) fn take_out_of_view(&mut self, look: &Look) -> BTreeSet<IncidentId> {
        let moved_on = self.of_source(&look.source).filter(|(time, ..)| *time < look.time);
        let left: BTreeSet<Watched> =
            moved_on.filter(|_| ring_of(look).is_some()).chain(self.quiet_at(look.time)).collect();
        let mut out = BTreeSet::new();
        for (time, source, id) in left {
            if self.unwatch(time, source, id) {
                out.insert(id);
            }
        }
        out
    }

    /// Returns all candidates that are in view, with when they last were, and watches none any more.
    pub(super) fn take_all(&mut self) -> BTreeMap<IncidentId, Timestamp> {
        self.watched.clear();
        self.watchers.clear();
        std::mem::take(&mut self.by_time).into_iter().map(|(time, _, id)| (id, time)).collect()
    }

    fn of_source<'a>(&'a self, source: &'a str) -> impl Iterator<Item = Watched> + 'a {
        let first = (source.to_owned(), IncidentId(uuid::Uuid::nil()));
        let own = self.watched.range(first..).take_while(move |((other, _), _)| other == source);
        own.map(|((source, id), time)| (*time, source.clone(), *id))
    }

    /// What lies further behind is of another clock, and waits for its own source.
    fn quiet_at(&self, now: Timestamp) -> impl Iterator<Item = Watched> + '_ {
        let ago = |secs| now.checked_sub(SignedDuration::from_secs(secs)).unwrap_or(Timestamp::MIN);
        let of = |time| (time, String::new(), IncidentId(uuid::Uuid::nil()));
        self.by_time.range(of(ago(OTHER_CLOCK_SECS))..of(ago(QUIET_SECS))).cloned()
    }

    /// Returns the candidates that these looks may decide on without showing them: a store must give them to the deduper too.
    pub fn may_decide(&self, looks: &[&Look]) -> BTreeSet<IncidentId> {
        let own = looks.iter().flat_map(|look| self.of_source(&look.source));
        let times: BTreeSet<Timestamp> = looks.iter().map(|look| look.time).collect();
        let quiet = times.into_iter().flat_map(|now| self.quiet_at(now));
        own.chain(quiet).map(|(_, _, id)| id).collect()
    }
}

/// When a source last covered the place of a candidate.
type Watched = (Timestamp, String, IncidentId);

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

    fn second(n: u32) -> Timestamp {
        Timestamp::from_second(n.into()).unwrap()
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
            since.push(recent.in_view(PLACE, "dumping", &look));
            recent.note(&look);
        }
        assert_eq!((since[0], since[27], since[40]), (InView::Began, InView::Came(0.0), InView::Came(2.6)));
    }

    #[test]
    fn a_place_that_was_always_in_view_has_not_come_into_it() {
        let mut recent = RecentLooks::default();
        for secs in 0..40 {
            recent.note(&look(1_000 * secs, 0.0));
        }
        assert_eq!(recent.in_view(PLACE, "dumping", &look(40_000, 0.0)), InView::Always);
        assert_eq!(recent.in_view(PLACE, "dumping", &look(60_000, 0.0)), InView::Came(0.0), "after a pause");
        assert!(recent.is_still(&look(60_000, 0.0)) && !recent.is_still(&look(60_000, 1.0)));
    }

    #[test]
    fn looks_for_other_classes_say_nothing() {
        let mut recent = RecentLooks::default();
        recent.note(&look(0, 500.0));
        for secs in 1..5 {
            recent.note(&Look { classes: vec!["fume".to_owned()], ..look(1_000 * secs, 0.0) });
        }
        assert_eq!(recent.in_view(PLACE, "dumping", &look(5_000, 0.0)), InView::Came(0.0));
        assert_eq!(recent.in_view(PLACE, "fume", &look(5_000, 0.0)), InView::Came(4.0));
    }

    #[test]
    fn a_candidate_goes_out_of_view_once() {
        let (id, mut recent) = (IncidentId(uuid::Uuid::from_u128(7)), RecentLooks::default());
        recent.watch(&look(0, 0.0), id, "dumping", PLACE);
        recent.covers(&look(200, 10.0), id);
        assert!(recent.take_out_of_view(&look(200, 10.0)).is_empty());
        let away = look(400, 100.0);
        assert_eq!(recent.may_decide(&[&away]), BTreeSet::from([id]));
        assert_eq!(recent.take_out_of_view(&away), BTreeSet::from([id]));
        assert!(recent.take_out_of_view(&away).is_empty());
    }

    #[test]
    fn a_candidate_of_a_source_that_has_gone_quiet_is_out_of_view_unless_its_clock_is_another() {
        let (id, mut recent) = (IncidentId(uuid::Uuid::from_u128(7)), RecentLooks::default());
        let other = |millis| Look { source: "camera".to_owned(), ..look(millis, 0.0) };
        recent.watch(&look(0, 0.0), id, "dumping", PLACE);
        assert!(recent.take_out_of_view(&other(19_000)).is_empty());
        assert_eq!(recent.take_out_of_view(&other(21_000)), BTreeSet::from([id]));
        recent.watch(&look(0, 0.0), id, "dumping", PLACE);
        assert!(recent.take_out_of_view(&other(3_600_000)).is_empty());
        assert!(recent.may_decide(&[&other(3_600_000)]).is_empty());
        assert_eq!(recent.take_out_of_view(&look(200, 500.0)), BTreeSet::from([id]), "its own clock decides");
        assert!(recent.watched.is_empty() && recent.by_time.is_empty() && recent.watchers.is_empty());
    }

    #[test]
    fn a_candidate_is_in_view_as_long_as_any_source_sees_its_place() {
        let ids = [7, 8].map(|n| IncidentId(uuid::Uuid::from_u128(n)));
        let other = |millis, north_m| Look { source: "other".to_owned(), ..look(millis, north_m) };
        let mut recent = RecentLooks::default();
        recent.watch(&look(0, 0.0), ids[0], "dumping", PLACE);
        recent.watch(&other(0, 0.0), ids[0], "dumping", PLACE);
        assert!(recent.take_out_of_view(&look(200, 500.0)).is_empty());
        recent.merged(ids[0], ids[1]);
        assert_eq!(recent.take_out_of_view(&other(200, 500.0)), BTreeSet::from([ids[1]]));
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_end_what_a_source_keeps() {
        let mut recent = RecentLooks::default();
        recent.note(&look(3_600_000, 500.0));
        recent.note(&look(0, 500.0));
        assert_eq!(recent.in_view(PLACE, "dumping", &look(200, 0.0)), InView::Came(0.0));
    }

    #[test]
    fn looks_of_many_sources_and_frames_are_bounded() {
        let mut recent = RecentLooks::default();
        for n in 0..5_000_i64 {
            recent.note(&Look { source: format!("drone-{n}"), ..look(n, 0.0) });
            recent.note(&look(40 * n, n as f64));
        }
        assert!(recent.by_source.len() <= MOST_SOURCES);
        assert!(recent.by_source["drone"].len() <= 302);
        for n in 0..20_000_u32 {
            recent.put("drone", IncidentId(uuid::Uuid::from_u128(n.into())), second(n));
        }
        assert_eq!((recent.by_time.len(), recent.watchers.len()), (MOST_WATCHED, MOST_WATCHED));
    }
}
