//! Incidents become tasks for departments.
//!
//! Pure: `now` is an argument.
//!
//! An incident's class and area give its severity ([`RuleSet::severity`]), and the ground it lies on may make it a lesser one or
//! none ([`context`]); class, severity, time and the zones its position may lie in choose a rule ([`route`]); the rule names the
//! lead, who assists, the priority and the deadline, and [`lists`] which township leads instead; [`propose`](propose::propose)
//! makes the [`Task`], [`lifecycle`] says what may happen to it, [`escalation`] who is told when it is late, [`bounce`] where it goes when a
//! department gives it back, [`looked`] what later looks at the place make of it. [`visits`] bundles open tasks of several departments, [`crews`] finds who is nearest, [`delivery`] is how others are told, and [`flood`] asks once where one cause made many tasks. Departments,
//! rules, lists, thresholds and calendars are configuration.

mod awards;
pub mod book;
pub mod bounce;
pub mod calendar;
pub mod casework;
pub mod context;
pub mod crews;
pub mod deadline;
pub mod delivery;
pub mod department;
pub mod escalation;
pub mod flood;
pub mod lifecycle;
pub mod lists;
pub mod looked;
pub mod problem;
pub mod propose;
mod reason;
pub mod router;
pub mod rules;
pub mod severity;
pub mod task;
pub mod travel;
pub mod visits;

pub use book::Book;
pub use bounce::{Bounce, ProposedChange, Rerouted};
pub use calendar::Calendar;
pub use context::{ContextFound, ContextRule, Finding, Verdict, ground};
pub use crews::{Crew, CrewProposal, Wanted};
pub use deadline::Allowance;
pub use delivery::{Answer, BackOff, Delivery, DeliveryState, NotDue, Sent};
pub use department::{Department, DepartmentId, Departments};
pub use escalation::{Escalation, EscalationLevel, Stage, due};
pub use lifecycle::{Effect, Event, Refusal, Refused, State};
pub use lists::{Delegation, Matter, Validity};
pub use problem::{Problem, Weight};
pub use propose::{NotProposed, task_for, task_in_context};
pub use router::{Facts, PersonNeeded, Routing, route, route_on_ground};
pub use rules::{ClassProfile, KnownZones, Priority, Rule, RuleSet};
pub use severity::{Severity, SeverityScale};
pub use task::{EvidenceKind, EvidenceRef, Pause, Task, TaskId, Transition};
pub use travel::{StraightLine, TravelTime};
