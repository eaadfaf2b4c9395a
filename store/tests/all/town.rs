//! A town in which three sheets of water were seen, and people who work on them.

use dispatch::casework::{Act, Desk, Step};
use dispatch::{Departments, RuleSet, Task, TaskId};
use gis::dedupe::DedupeConfig;
use gis::zones::ZoneIndex;
use gis::{Incident, IncidentId};
use jiff::Timestamp;
use store::{Operated, Operation, OperationRecord, Store, StoreError, Subject, What};

use crate::findings::time;

/// The lists of the town.
pub struct Town {
    dedupe: DedupeConfig,
    zones: ZoneIndex,
    rules: RuleSet,
    departments: Departments,
}

impl Town {
    pub fn new() -> Self {
        Self {
            dedupe: DedupeConfig::default(),
            zones: ZoneIndex::new(Vec::new()),
            rules: RuleSet::from_toml(include_str!("../../../configs/rules.toml")).unwrap(),
            departments: Departments::from_toml(include_str!("../../../configs/departments.toml")).unwrap(),
        }
    }

    pub fn desk(&self) -> Desk<'_> {
        Desk { dedupe: &self.dedupe, zones: &self.zones, rules: &self.rules, departments: &self.departments }
    }

    /// Does something as Li, because.
    pub fn operate(&self, store: &mut dyn Store, what: What, second: i64) -> Result<Operated, StoreError> {
        let (actor, reason) = ("Li".to_owned(), "seen on the spot".to_owned());
        store.operate(&Operation { actor, reason, what, expected: Vec::new() }, &self.desk(), at(second))
    }

    pub fn act(&self, store: &mut dyn Store, act: Act, second: i64) -> Result<Operated, StoreError> {
        self.operate(store, What::Act(act), second)
    }

    pub fn step(&self, store: &mut dyn Store, task: TaskId, step: Step) -> Result<Operated, StoreError> {
        self.act(store, Act::Step { task, step }, 500)
    }

    pub fn undo(&self, store: &mut dyn Store, subject: Subject) -> Result<Operated, StoreError> {
        self.operate(store, What::Undo(subject), 900)
    }
}

pub fn at(second: i64) -> Timestamp {
    time(second)
}

pub fn merge(incidents: &[&Incident]) -> Act {
    Act::Merge { incidents: incidents.iter().map(|incident| incident.id).collect() }
}

/// Lets every second observation leave.
pub fn split(incident: &Incident) -> Act {
    let observations = incident.observations.iter().skip(1).step_by(2).copied().collect();
    Act::Split { incident: incident.id, observations }
}

/// Incidents and tasks, as they are stored.
pub fn everything(store: &dyn Store) -> (Vec<Incident>, Vec<Task>) {
    (store.incidents().unwrap(), store.tasks().unwrap())
}

pub fn incident(store: &dyn Store, id: IncidentId) -> Incident {
    store.incident(id).unwrap().unwrap()
}

pub fn task(store: &dyn Store, id: TaskId) -> Task {
    store.task(id).unwrap().unwrap()
}

pub fn log(store: &dyn Store, id: IncidentId) -> Vec<OperationRecord> {
    store.operations_of(Subject::Incident(id)).unwrap()
}

/// Returns the message of a refusal with its causes.
pub fn refusal(result: Result<Operated, StoreError>) -> String {
    let error = result.unwrap_err();
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
