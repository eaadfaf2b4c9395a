//! What people decide about incidents and tasks, as one step: the tasks follow their incidents.
//!
//! | the act | incidents | tasks |
//! |---|---|---|
//! | merge | the one seen first takes the others over | the task that has come furthest goes on, the others are merged into it |
//! | split | observations leave into a new incident | the new incident gets a proposal |
//! | reject, close, reopen an incident | as said | rejected, closed (when verified), reopened |
//! | a step of a task | closed with its task, reopened with it | by the table of [`crate::lifecycle`] |
//! | undo | as they were before | as they were before |
//!
//! A rejected task leaves its incident open: what is seen there again joins it and asks nobody anew.

use gis::dedupe::DedupeConfig;
use gis::dedupe::by_person::{self, ByPerson, Changed, NotPossible};
use gis::error_ellipse::ce90_m;
use gis::zones::ZoneIndex;
use gis::{Incident, IncidentId, IncidentState, Observation, ObservationId};
use serde::{Deserialize, Serialize};

use crate::department::{DepartmentId, Departments};
use crate::lifecycle::{Event, Refused, STATES, State};
use crate::propose::{NotProposed, task_for};
use crate::rules::RuleSet;
use crate::task::{EvidenceRef, Task, TaskId};

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// Incidents are one thing.
    Merge {
        /// Which.
        incidents: Vec<IncidentId>,
    },
    /// Some observations are of another thing.
    Split {
        /// The incident that holds them.
        incident: IncidentId,
        /// Those that leave.
        observations: Vec<ObservationId>,
    },
    /// An incident is none.
    Reject {
        /// Which.
        incident: IncidentId,
    },
    /// An incident is over.
    Close {
        /// Which.
        incident: IncidentId,
    },
    /// A closed incident goes on.
    Reopen {
        /// Which.
        incident: IncidentId,
    },
    /// A task moves on.
    Step {
        /// Which.
        task: TaskId,
        /// How.
        step: Step,
    },
    /// Pictures are added to a task.
    Attach {
        /// Which.
        task: TaskId,
        /// Which pictures.
        evidence: Vec<EvidenceRef>,
    },
    /// Several tasks move on alike: the answer to one question about many ([`crate::flood`]). Those that do not allow it stay, with a remark.
    /// What is confirmed so goes to its lead at once, where it has one.
    Many {
        /// Which.
        tasks: Vec<TaskId>,
        /// How.
        step: Step,
    },
}

/// How a person moves a task on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// It is one.
    Confirm,
    /// It is one, and goes to the department that the rules proposed.
    Approve,
    /// It is none.
    Reject,
    /// It goes to a department.
    Dispatch {
        /// Which.
        department: DepartmentId,
    },
    /// It goes to a department, whichever had it before.
    Reassign {
        /// Which.
        department: DepartmentId,
    },
    /// The department takes it.
    Accept,
    /// The department gives it back.
    Bounce,
    /// A crew leaves.
    Depart,
    /// A crew is there.
    Arrive,
    /// The work is done.
    Finish,
    /// The work is seen to be done.
    Verify,
    /// The work is seen not to be done.
    Refute,
    /// The case is closed.
    Close,
    /// The case goes on.
    Reopen,
}

impl Step {
    /// Returns the event of the table.
    ///
    /// Approval is a confirmation, after which the task is dispatched.
    pub fn event(&self, reason: &str) -> Event {
        let reason = reason.to_owned();
        match self {
            Self::Confirm | Self::Approve => Event::Confirm,
            Self::Reject => Event::Reject { reason },
            Self::Dispatch { department } => Event::Dispatch { department: department.clone() },
            Self::Reassign { department } => Event::Reassign { department: department.clone(), reason },
            Self::Accept => Event::Accept,
            Self::Bounce => Event::Bounce { reason },
            Self::Depart => Event::Depart,
            Self::Arrive => Event::Arrive,
            Self::Finish => Event::Finish,
            Self::Verify => Event::Verify,
            Self::Refute => Event::Refute { reason },
            Self::Close => Event::Close,
            Self::Reopen => Event::Reopen { reason },
        }
    }

    fn department(&self) -> Option<&DepartmentId> {
        match self {
            Self::Dispatch { department } | Self::Reassign { department } => Some(department),
            _ => None,
        }
    }
}

impl Act {
    /// Returns the name used in stored and exchanged text.
    pub fn name(&self) -> String {
        match self {
            Self::Merge { .. } => "merge".to_owned(),
            Self::Split { .. } => "split".to_owned(),
            Self::Reject { .. } => "reject".to_owned(),
            Self::Close { .. } => "close".to_owned(),
            Self::Reopen { .. } => "reopen".to_owned(),
            Self::Step { step: Step::Approve, .. } => "task approve".to_owned(),
            Self::Attach { .. } => "task attach".to_owned(),
            Self::Step { step, .. } => format!("task {}", step.event("").name()),
            Self::Many { step, .. } => format!("tasks {}", step.event("").name()),
        }
    }
}

/// What is at hand to decide with.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// How sightings are fused.
    pub dedupe: &'a DedupeConfig,
    /// Zones, for the proposal of what was split off.
    pub zones: &'a ZoneIndex,
    /// Rules and calendar.
    pub rules: &'a RuleSet,
    /// Departments that tasks may go to.
    pub departments: &'a Departments,
}

/// The records an act may touch: the incidents it names, all tasks of them, and all observations of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    /// Incidents, in the order in which they were named.
    pub incidents: Vec<Incident>,
    /// Tasks of these incidents.
    pub tasks: Vec<Task>,
    /// Observations of these incidents.
    pub observations: Vec<Observation>,
}

/// Incidents and tasks at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Records {
    /// Incidents.
    pub incidents: Vec<Incident>,
    /// Tasks.
    pub tasks: Vec<Task>,
}

/// What an act changes or makes, or depends on; the rest stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Incidents.
    pub incidents: Vec<Incident>,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// What a person should know of it.
    pub remarks: Vec<String>,
}

/// Why an act cannot be done. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotAct {
    /// The incidents do not allow it.
    #[error(transparent)]
    Incident(#[from] NotPossible),
    /// A task does not allow it.
    #[error("task {task} does not allow it")]
    Task {
        /// The task.
        task: TaskId,
        /// Why.
        source: Refused,
    },
    /// Work on it goes on.
    #[error("incident {incident} has the task {task}, which is {}: verify, close or reject that first", state.name())]
    WorkGoesOn {
        /// The incident.
        incident: IncidentId,
        /// Its task.
        task: TaskId,
        /// State of the task.
        state: State,
    },
    /// No such department.
    #[error("there is no department {0} in the list of departments")]
    UnknownDepartment(DepartmentId),
    /// It is there already.
    #[error("task {task} is with {department} already")]
    SameDepartment {
        /// The task.
        task: TaskId,
        /// The department.
        department: DepartmentId,
    },
    /// The rules proposed nobody.
    #[error("no department is proposed for task {0}: choose one")]
    NoLead(TaskId),
    /// The act is about nothing that is at hand.
    #[error("the act names no incident or task that is at hand")]
    NothingNamed,
}

/// Does what a person decides.
///
/// # Errors
/// [`CannotAct`], with the reason.
pub fn act(act: &Act, case: &Case, desk: &Desk<'_>, by: &ByPerson<'_>) -> Result<Outcome, CannotAct> {
    match act {
        Act::Merge { .. } => merge(case, desk, by),
        Act::Split { observations, .. } => split(case, observations, desk, by),
        Act::Reject { .. } => {
            let ended = by_person::reject(named(case)?, by)?;
            let event = Event::Reject { reason: by.reason.to_owned() };
            let tasks = live(case).map(|task| moved(task, event.clone(), desk, by));
            Ok(Outcome { tasks: tasks.collect::<Result<_, _>>()?, ..of_incident(ended) })
        }
        Act::Close { .. } => close(case, desk, by),
        Act::Reopen { .. } => {
            let open = by_person::reopen(named(case)?, by)?;
            let event = Event::Reopen { reason: by.reason.to_owned() };
            let ended = |task: &&Task| matches!(task.state, State::Closed | State::Rejected);
            let last = case.tasks.iter().filter(ended).max_by_key(|task| (task.created, task.id));
            let task = last.filter(|_| live(case).next().is_none()).map(|task| moved(task, event, desk, by));
            Ok(Outcome { tasks: task.transpose()?.into_iter().collect(), ..of_incident(open) })
        }
        Act::Step { task, step } => {
            let task = case.tasks.iter().find(|other| other.id == *task).ok_or(CannotAct::NothingNamed)?;
            take_step(case, task, step, desk, by)
        }
        Act::Attach { task, evidence } => {
            let task = case.tasks.iter().find(|other| other.id == *task).ok_or(CannotAct::NothingNamed)?;
            let new = evidence.iter().filter(|one| !task.evidence.contains(one)).cloned();
            let mut with = task.clone();
            with.evidence.extend(new);
            Ok(Outcome { tasks: vec![with], ..Outcome::default() })
        }
        Act::Many { tasks, step } => take_steps(case, tasks, step, desk, by),
    }
}

/// Moves each of several tasks on that allows it.
fn take_steps(
    case: &Case,
    tasks: &[TaskId],
    step: &Step,
    desk: &Desk<'_>,
    by: &ByPerson<'_>,
) -> Result<Outcome, CannotAct> {
    let mut all = Outcome::default();
    let mut first_refusal = None;
    for task in case.tasks.iter().filter(|task| tasks.contains(&task.id)) {
        // What is confirmed goes to its lead at once, where it has one.
        let step = if *step == Step::Confirm && task.lead.is_some() { &Step::Approve } else { step };
        match take_step(case, task, step, desk, by) {
            Ok(one) => {
                all.incidents.extend(one.incidents);
                all.tasks.extend(one.tasks);
            }
            Err(error) => {
                all.remarks.push(format!("task {} stays {}", task.id, task.state.name()));
                first_refusal.get_or_insert(error);
            }
        }
    }
    match first_refusal {
        _ if !all.tasks.is_empty() => Ok(all),
        Some(error) => Err(error),
        None => Err(CannotAct::NothingNamed),
    }
}

fn named(case: &Case) -> Result<&Incident, CannotAct> {
    case.incidents.first().ok_or(CannotAct::NothingNamed)
}

fn of_incident(incident: Incident) -> Outcome {
    Outcome { incidents: vec![incident], ..Outcome::default() }
}

fn live(case: &Case) -> impl Iterator<Item = &Task> {
    case.tasks.iter().filter(|task| !task.state.is_over())
}

fn moved(task: &Task, event: Event, desk: &Desk<'_>, by: &ByPerson<'_>) -> Result<Task, CannotAct> {
    let mut moved = task.clone();
    let applied = moved.apply(event, by.at, &desk.rules.calendar);
    applied.map_err(|source| CannotAct::Task { task: task.id, source })?;
    Ok(moved)
}

fn merge(case: &Case, desk: &Desk<'_>, by: &ByPerson<'_>) -> Result<Outcome, CannotAct> {
    let incidents = by_person::merge(case.incidents.clone(), &case.observations, by, desk.dedupe)?;
    let mut outcome = Outcome { incidents, ..Outcome::default() };
    let Some(kept) = outcome.incidents.first() else { return Ok(outcome) };
    let furthest = |task: &&Task| {
        let place = STATES.iter().position(|state| *state == going_on(task.state));
        (place, task.incident_id == kept.id, std::cmp::Reverse((task.created, task.id)))
    };
    let Some(goes_on) = live(case).max_by_key(furthest) else { return Ok(outcome) };
    for task in live(case).filter(|task| task.id != goes_on.id) {
        outcome.tasks.push(moved(task, Event::Merge { into: goes_on.id }, desk, by)?);
    }
    outcome.tasks.push(placed(Task { incident_id: kept.id, ..goes_on.clone() }, kept));
    Ok(outcome)
}

/// Returns how far a task counts as having come: what is bounced or reopened waits for a department again.
fn going_on(state: State) -> State {
    match state {
        State::Bounced | State::Reopened => State::Confirmed,
        other => other,
    }
}

/// Returns the task at the place and of the size of its incident.
fn placed(mut task: Task, incident: &Incident) -> Task {
    if let Some(position) = &incident.position {
        task.position = position.point.lat_lon;
        task.ce90_m = ce90_m(&position.covariance_enu_m2);
    }
    task.area_m2 = incident.area_m2;
    task
}

fn split(
    case: &Case,
    leaving: &[ObservationId],
    desk: &Desk<'_>,
    by: &ByPerson<'_>,
) -> Result<Outcome, CannotAct> {
    let (kept, new) = by_person::split(named(case)?, leaving, &case.observations, by, desk.dedupe)?;
    let mut outcome = Outcome::default();
    if let Some(task) = live(case).next() {
        match proposal(&new, task, desk, by) {
            Ok(proposal) => outcome.tasks.push(proposal),
            Err(reason) => outcome.remarks.push(format!("no task is proposed: {reason}")),
        }
        outcome.tasks.push(placed(task.clone(), &kept));
    }
    outcome.incidents = vec![kept, new];
    Ok(outcome)
}

/// Returns the proposal for what was split off: routed by its own place, and where that tells no lead, to that of the task
/// before. It waits for a person.
fn proposal(new: &Incident, before: &Task, desk: &Desk<'_>, by: &ByPerson<'_>) -> Result<Task, NotProposed> {
    let mut task = task_for(new, desk.zones, desk.rules, before.evidence.clone(), by.at)?;
    task.state = State::Proposed;
    task.history.clear();
    task.lead = task.lead.or_else(|| before.lead.clone());
    Ok(task)
}

fn close(case: &Case, desk: &Desk<'_>, by: &ByPerson<'_>) -> Result<Outcome, CannotAct> {
    let incident = named(case)?;
    let ended = by_person::close(incident, by)?;
    let going_on = live(case).find(|task| task.state != State::Verified);
    if let Some(Task { id, state, .. }) = going_on {
        return Err(CannotAct::WorkGoesOn { incident: incident.id, task: *id, state: *state });
    }
    let tasks = live(case).map(|task| moved(task, Event::Close, desk, by)).collect::<Result<_, _>>()?;
    Ok(Outcome { tasks, ..of_incident(ended) })
}

fn take_step(
    case: &Case,
    task: &Task,
    step: &Step,
    desk: &Desk<'_>,
    by: &ByPerson<'_>,
) -> Result<Outcome, CannotAct> {
    if let Some(department) = step.department() {
        check_department(task, department, desk)?;
    }
    let incident = case.incidents.iter().find(|incident| incident.id == task.incident_id);
    let mut after = moved(task, step.event(by.reason), desk, by)?;
    if *step == Step::Approve {
        let department = task.lead.clone().ok_or(CannotAct::NoLead(task.id))?;
        check_department(task, &department, desk)?;
        after = moved(&after, Event::Dispatch { department }, desk, by)?;
    }
    let mut outcome = Outcome { tasks: vec![after], ..Outcome::default() };
    let Some(incident) = incident else { return Ok(outcome) };
    let others = live(case).filter(|other| other.id != task.id && other.incident_id == incident.id).count();
    match step {
        Step::Close if incident.is_open() && others == 0 => {
            outcome.incidents.push(by_person::close(incident, by)?);
        }
        Step::Reopen if incident.state == IncidentState::Closed => {
            outcome.incidents.push(by_person::reopen(incident, by)?);
        }
        _ => {}
    }
    Ok(outcome)
}

fn check_department(task: &Task, department: &DepartmentId, desk: &Desk<'_>) -> Result<(), CannotAct> {
    if desk.departments.get(department).is_none() {
        return Err(CannotAct::UnknownDepartment(department.clone()));
    }
    let theirs = matches!(task.state, State::Dispatched | State::Accepted | State::EnRoute | State::OnSite);
    if theirs && task.lead.as_ref() == Some(department) {
        return Err(CannotAct::SameDepartment { task: task.id, department: department.clone() });
    }
    Ok(())
}

/// What an act did to incidents and tasks.
#[derive(Debug, Clone, Copy)]
pub struct Undoable<'a> {
    /// What it found, of that which it changed.
    pub before: &'a Records,
    /// What it left, new records included.
    pub after: &'a Records,
    /// The same records as they are now, with all observations.
    pub now: &'a Case,
}

/// Takes an act back.
///
/// Incidents and tasks come back as they were, byte for byte, unless something else changed them meanwhile; then the remarks
/// say what. A task that the act made is merged into the task of the incident it was split off, or rejected.
///
/// # Errors
/// [`CannotAct`], with the reason.
pub fn undo(done: &Undoable<'_>, desk: &Desk<'_>, by: &ByPerson<'_>) -> Result<Outcome, CannotAct> {
    let Undoable { before, after, now } = done;
    let changed = Changed { before: &before.incidents, after: &after.incidents, now: &now.incidents };
    let (incidents, remarks) = by_person::undo(&changed, &now.observations, by, desk.dedupe)?;
    let mut outcome = Outcome { incidents, tasks: Vec::new(), remarks };
    let find = |tasks: &[Task], id: TaskId| tasks.iter().find(|task| task.id == id).cloned();
    for current in &now.tasks {
        match find(&before.tasks, current.id) {
            Some(old) if find(&after.tasks, current.id).as_ref() == Some(current) => outcome.tasks.push(old),
            Some(old) => {
                outcome.remarks.push(format!(
                    "task {} was worked out anew since; it keeps what is known of it now",
                    current.id
                ));
                outcome.tasks.push(as_people_left_it(current, &old));
            }
            None => outcome.tasks.extend(withdrawn(current, before, desk, by)?),
        }
    }
    Ok(outcome)
}

/// Returns what is known of a task now, with the course that it had before.
fn as_people_left_it(now: &Task, before: &Task) -> Task {
    Task {
        incident_id: before.incident_id,
        state: before.state,
        lead: before.lead.clone(),
        deadline: before.deadline,
        stage_deadlines: before.stage_deadlines,
        history: before.history.clone(),
        ..now.clone()
    }
}

fn withdrawn(
    made: &Task,
    before: &Records,
    desk: &Desk<'_>,
    by: &ByPerson<'_>,
) -> Result<Option<Task>, CannotAct> {
    if made.state.is_over() {
        return Ok(None);
    }
    let event = match before.tasks.iter().find(|task| !task.state.is_over()) {
        Some(task) => Event::Merge { into: task.id },
        None => Event::Reject { reason: by.reason.to_owned() },
    };
    moved(made, event, desk, by).map(Some)
}
