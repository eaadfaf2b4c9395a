//! What later looks at a place make of the tasks there.
//!
//! | looks | task |
//! |---|---|
//! | a thing is not there any more (its incident ends) | lapses, or is verified and closed where the crew reported it done; a crew that is on its way or there goes on |
//! | a re-flight after `done` covers the place and does not show it | verified, closed, and its incident with it |
//! | a re-flight after `done` shows it | reopened, before a person |
//! | it is back soon after its end (its incident reopens) | reopened, before a person |
//! | two incidents turn out to be one | merged into the task of the one that goes on, or goes on as that one's task |

use std::collections::BTreeMap;

use gis::dedupe::{DedupeConfig, SinceThen, since_done};
use gis::{Incident, IncidentId, IncidentState};
use jiff::Timestamp;

use crate::lifecycle::{Event, State};
use crate::task::{Task, TaskId};

/// Incidents before and after looks were absorbed.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// As it was; none for a new one.
    pub before: Option<&'a Incident>,
    /// As it is.
    pub after: &'a Incident,
}

/// What followed from looks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Followed {
    /// Incidents that end with their tasks.
    pub incidents: Vec<Incident>,
    /// Tasks that moved on.
    pub tasks: Vec<Task>,
}

/// Moves the tasks of incidents on that changed by looks. `tasks` are all tasks of these incidents.
///
/// The same looks always give the same; what has followed once follows not again.
pub fn follow(looked: &[Looked<'_>], tasks: &[Task], config: &DedupeConfig) -> Followed {
    let mut desk = Desk { tasks: tasks.iter().map(|task| (task.id, task.clone())).collect() };
    let mut followed = Followed::default();
    // What is merged away first, so that the one that goes on has its task.
    for one in looked.iter().filter(|one| one.after.merged_into.is_some()) {
        desk.merge(one, latest_look(one.after));
    }
    for one in looked.iter().filter(|one| one.after.merged_into.is_none()) {
        followed.incidents.extend(desk.move_on(one, config));
    }
    let moved = |task: &Task| tasks.iter().all(|old| old != task);
    followed.tasks = desk.tasks.into_values().filter(moved).collect();
    followed.tasks.sort_by_key(|task| (task.created, task.id));
    followed
}

struct Desk {
    tasks: BTreeMap<TaskId, Task>,
}

impl Desk {
    fn of(&self, incident: IncidentId) -> Vec<TaskId> {
        let of_incident = self.tasks.values().filter(|task| task.incident_id == incident);
        of_incident.map(|task| task.id).collect()
    }

    fn live(&self, incident: IncidentId) -> Vec<TaskId> {
        let live = |id: &TaskId| self.tasks.get(id).is_some_and(|task| !task.state.is_over());
        self.of(incident).into_iter().filter(live).collect()
    }

    /// What the state of a task does not allow stays undone.
    fn apply(&mut self, id: TaskId, event: Event, at: Timestamp) -> bool {
        self.tasks.get_mut(&id).is_some_and(|task| task.apply_by_looks(event, at).is_ok())
    }

    fn merge(&mut self, one: &Looked<'_>, at: Timestamp) {
        let was_merged = one.before.is_some_and(|before| before.merged_into == one.after.merged_into);
        let Some(into) = one.after.merged_into.filter(|_| !was_merged) else { return };
        let mut goes_on = self.live(into).into_iter().next().or_else(|| self.last_closed(into));
        for id in self.live(one.after.id) {
            if let Some(other) = goes_on {
                self.apply(id, Event::Merge { into: other }, at);
                continue;
            }
            if let Some(task) = self.tasks.get_mut(&id) {
                task.incident_id = into;
            }
            goes_on = Some(id);
        }
    }

    fn last_closed(&self, incident: IncidentId) -> Option<TaskId> {
        let closed = self.of(incident).into_iter().filter_map(|id| self.tasks.get(&id));
        let closed = closed.filter(|task| task.state == State::Closed);
        closed.max_by_key(|task| (task.created, task.id)).map(|task| task.id)
    }

    /// Returns the incident where it ends with its task.
    fn move_on(&mut self, one: &Looked<'_>, config: &DedupeConfig) -> Option<Incident> {
        let (after, at) = (one.after, latest_look(one.after));
        let was_open = one.before.is_some_and(Incident::is_open);
        if after.may_recur() && was_open {
            self.end_all(after.id, at);
            return None;
        }
        let reopened = after.state == IncidentState::Confirmed && one.before.is_some_and(|b| !b.is_open());
        if reopened && self.live(after.id).is_empty() {
            let last = self.last_closed(after.id);
            let reason = "结束后又被看到 / seen again after its end".to_owned();
            last.map(|id| self.apply(id, Event::Reopen { reason }, at));
            return None;
        }
        if after.state == IncidentState::Confirmed { self.judge_done(after, config) } else { None }
    }

    /// The thing is not there any more.
    fn end_all(&mut self, incident: IncidentId, at: Timestamp) {
        for id in self.live(incident) {
            self.verify_and_close(id, at);
            let reason = "复查时已不在 / not there any more in later looks".to_owned();
            self.apply(id, Event::Lapse { reason }, at);
        }
    }

    fn verify_and_close(&mut self, id: TaskId, at: Timestamp) {
        self.apply(id, Event::Verify, at);
        self.apply(id, Event::Close, at);
    }

    /// A crew said that the work is done: what do looks since then say?
    fn judge_done(&mut self, incident: &Incident, config: &DedupeConfig) -> Option<Incident> {
        for id in self.live(incident.id) {
            let Some(done) = self.tasks.get(&id).and_then(done_at) else { continue };
            match since_done(incident, done, config) {
                Some(SinceThen::StillThere { looks, at }) => {
                    let reason = format!("复飞 {looks} 次仍可见 / still seen in {looks} later looks");
                    self.apply(id, Event::Refute { reason }, at);
                }
                Some(SinceThen::NotThere { looks, passes, at }) => {
                    self.verify_and_close(id, at);
                    if self.live(incident.id).is_empty() {
                        let mut ended = incident.clone();
                        ended.end(
                            at,
                            format!(
                                "closed: work done and not there in {looks} later looks of {passes} passes"
                            ),
                        );
                        return Some(ended);
                    }
                }
                None => {}
            }
        }
        None
    }
}

/// Returns when a task was reported done, while nothing was decided since.
fn done_at(task: &Task) -> Option<Timestamp> {
    let waits = matches!(task.state, State::Done | State::Verified);
    let last = task.history.iter().rfind(|step| step.event == Event::Finish);
    last.filter(|_| waits).map(|step| step.at)
}

fn latest_look(incident: &Incident) -> Timestamp {
    let looks = incident.looks.last_by_source.values().map(|look| look.time);
    looks.max().unwrap_or(incident.last_seen).max(incident.last_seen)
}
