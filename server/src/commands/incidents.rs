//! `flyonce incidents`: what is known of them, and what people decide about them.

use std::process::ExitCode;

use anyhow::Context;
use dispatch::casework::Act;
use gis::error_ellipse::ce90_m;
use gis::{Incident, IncidentId, Observation, ObservationId};
use serde_json::json;
use store::{StoreError, Subject, What};
use uuid::Uuid;

use super::casework::{open, operate, operations_json, operations_text, table, version};
use super::groups;
use crate::cli::{
    IncidentsArgs, IncidentsCommand, IncidentsListArgs, IncidentsMergeArgs, IncidentsSplitArgs, OneArgs,
    OneLookArgs,
};
use crate::output;

/// Runs a look or an operation.
///
/// # Errors
/// When the store cannot be used, or the operation is refused, with the reason.
pub fn run(args: &IncidentsArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        IncidentsCommand::List(args) => list(args),
        IncidentsCommand::Show(args) => show(args),
        IncidentsCommand::Merge(args) => merge(args),
        IncidentsCommand::Split(args) => split(args),
        IncidentsCommand::Reject(args) => act(args, |incident| Act::Reject { incident }),
        IncidentsCommand::Close(args) => act(args, |incident| Act::Close { incident }),
        IncidentsCommand::Reopen(args) => act(args, |incident| Act::Reopen { incident }),
        IncidentsCommand::Groups(args) => groups::run(args),
        IncidentsCommand::Undo(args) => {
            let subject = subject(args.id);
            operate(&args.person, &[subject], What::Undo(subject))
        }
    }
}

fn subject(id: Uuid) -> Subject {
    Subject::Incident(IncidentId(id))
}

fn act(args: &OneArgs, act: impl Fn(IncidentId) -> Act) -> anyhow::Result<ExitCode> {
    operate(&args.person, &[subject(args.id)], What::Act(act(IncidentId(args.id))))
}

fn merge(args: &IncidentsMergeArgs) -> anyhow::Result<ExitCode> {
    let subjects: Vec<Subject> = args.ids.iter().copied().map(subject).collect();
    let incidents = args.ids.iter().copied().map(IncidentId).collect();
    operate(&args.person, &subjects, What::Act(Act::Merge { incidents }))
}

fn split(args: &IncidentsSplitArgs) -> anyhow::Result<ExitCode> {
    let observations = args.observations.iter().copied().map(ObservationId).collect();
    let act = Act::Split { incident: IncidentId(args.id), observations };
    operate(&args.person, &[subject(args.id)], What::Act(act))
}

fn list(args: &IncidentsListArgs) -> anyhow::Result<ExitCode> {
    let store = open(&args.look.store)?;
    let mut incidents = if args.all { store.incidents()? } else { store.open_incidents()? };
    incidents.retain(|incident| args.class.as_ref().is_none_or(|class| *class == incident.class));
    let text = if args.look.json { serde_json::to_string_pretty(&incidents)? } else { table_of(&incidents) };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn table_of(incidents: &[Incident]) -> String {
    let mut table = table(&["id", "class", "state", "where", "ce90_m", "area_m2", "seen", "last_seen"]);
    for incident in incidents {
        let position = incident.position.as_ref();
        let at = position.map(|p| p.point.lat_lon);
        table.add_row([
            incident.id.to_string(),
            incident.class.clone(),
            incident.state.name().to_owned(),
            at.map_or_else(|| "-".to_owned(), |at| format!("{:.6},{:.6}", at.lat_deg, at.lon_deg)),
            position.map_or_else(|| "-".to_owned(), |p| format!("{:.1}", ce90_m(&p.covariance_enu_m2))),
            incident.area_m2.map_or_else(|| "-".to_owned(), |area| format!("{area:.0}")),
            incident.sightings.to_string(),
            incident.last_seen.to_string(),
        ]);
    }
    format!("{table}\n{} incidents", incidents.len())
}

fn show(args: &OneLookArgs) -> anyhow::Result<ExitCode> {
    let store = open(&args.look.store)?;
    let subject = subject(args.id);
    let incident = store.incident(IncidentId(args.id))?.ok_or(StoreError::NotFound(subject))?;
    let observations = store.observations_of(incident.id)?;
    let mut tasks = store.tasks()?;
    tasks.retain(|task| task.incident_id == incident.id);
    let operations = store.operations_of(subject)?;
    let text = if args.look.json {
        serde_json::to_string_pretty(&json!({
            "incident": incident,
            "version": version(&operations),
            "observations": observations,
            "tasks": tasks,
            "operations": operations_json(&operations),
        }))?
    } else {
        let tasks: Vec<String> = tasks
            .iter()
            .map(|task| format!("  {}  {}  {}", task.id, task.state.name(), task.title_en))
            .collect();
        let events: Vec<String> =
            incident.history.iter().map(|event| format!("  {}  {}", event.time, event.cause)).collect();
        [
            table_of(std::slice::from_ref(&incident)),
            format!("version {}", version(&operations)),
            section(
                "observations",
                &observations.iter().map(observation_line).collect::<Vec<_>>().join("\n"),
            ),
            section("tasks", &tasks.join("\n")),
            section("history", &events.join("\n")),
            section("operations", &operations_text(&operations)),
        ]
        .join("\n")
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn section(title: &str, lines: &str) -> String {
    if lines.is_empty() { format!("{title}: none") } else { format!("{title}:\n{lines}") }
}

fn observation_line(observation: &Observation) -> String {
    let Observation { id, source, frame_index, time, score, .. } = observation;
    let at = observation.location.ground().map(|p| p.point.lat_lon);
    let at = at.map_or_else(|| "not located".to_owned(), |at| format!("{:.6},{:.6}", at.lat_deg, at.lon_deg));
    format!("  {}  {source} frame {frame_index}  {time}  {:.0} %  {at}", id.0, score * 100.0)
}
