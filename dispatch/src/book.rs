//! Tasks that follow their incidents while these change: made at the confirmation, merged when incidents are.

use std::collections::BTreeMap;

use gis::incident::{Incident, IncidentId, IncidentState};
use gis::zones::ZoneIndex;
use jiff::Timestamp;

use crate::lifecycle::Event;
use crate::propose::task_for;
use crate::rules::RuleSet;
use crate::task::{Task, TaskId};

/// The tasks of a city, by incident.
#[derive(Debug, Clone, Default)]
pub struct Book {
    tasks: BTreeMap<IncidentId, Task>,
}

impl Book {
    /// Returns a book that goes on from stored tasks.
    pub fn new(tasks: Vec<Task>) -> Self {
        Self { tasks: tasks.into_iter().map(|task| (task.incident_id, task)).collect() }
    }

    /// Returns all tasks, by incident.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// Returns the task of an incident.
    pub fn of(&self, incident: IncidentId) -> Option<&Task> {
        self.tasks.get(&incident)
    }

    /// Follows what changed and returns the tasks that were made or moved on.
    ///
    /// A confirmed incident without a task gets one. The task of an incident that was merged goes on as part of that of the
    /// other, where its state allows; work that a crew has begun is not taken from it.
    pub fn follow(
        &mut self,
        changed: &[&Incident],
        zones: &ZoneIndex,
        rules: &RuleSet,
        now: Timestamp,
    ) -> Vec<TaskId> {
        let mut moved = Vec::new();
        for incident in changed.iter().filter(|incident| incident.state == IncidentState::Confirmed) {
            if self.tasks.contains_key(&incident.id) {
                continue;
            }
            if let Ok(task) = task_for(incident, zones, rules, Vec::new(), now) {
                moved.push(task.id);
                self.tasks.insert(incident.id, task);
            }
        }
        for incident in changed {
            moved.extend(incident.merged_into.and_then(|into| self.merge(incident.id, into, rules, now)));
        }
        moved
    }

    fn merge(
        &mut self,
        from: IncidentId,
        into: IncidentId,
        rules: &RuleSet,
        now: Timestamp,
    ) -> Option<TaskId> {
        let into = self.tasks.get(&into)?.id;
        let task = self.tasks.get_mut(&from)?;
        task.apply(Event::Merge { into }, now, &rules.calendar).ok().map(|_| task.id)
    }
}
