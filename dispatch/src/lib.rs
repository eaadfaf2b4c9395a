//! Incidents become tasks for departments.
//!
//! Pure: `now` is an argument.
//!
//! An incident's class and area give its severity ([`RuleSet::severity`]); class, severity, time and the zones its
//! position may lie in choose a rule ([`route`]); the rule names the lead, who assists, the priority and the deadline;
//! [`propose`](propose::propose) makes the [`Task`], and [`lifecycle`] says what may happen to it. Departments, rules,
//! thresholds and calendars are configuration.

pub mod calendar;
pub mod casework;
pub mod deadline;
pub mod department;
pub mod lifecycle;
pub mod problem;
pub mod propose;
mod reason;
pub mod router;
pub mod rules;
pub mod severity;
pub mod task;

pub use calendar::Calendar;
pub use deadline::Allowance;
pub use department::{Department, DepartmentId, Departments};
pub use lifecycle::{Effect, Event, Refused, State};
pub use problem::{Problem, Weight};
pub use propose::{NotProposed, task_for};
pub use router::{Facts, PersonNeeded, Routing, route};
pub use rules::{ClassProfile, KnownZones, Priority, Rule, RuleSet};
pub use severity::{Severity, SeverityScale};
pub use task::{EvidenceKind, EvidenceRef, Task, TaskId, Transition};
