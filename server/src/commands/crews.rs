//! `flyonce crews nearest`: who could go to a task.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use dispatch::crews::{Crew, CrewProposal, Wanted, nearest};
use dispatch::{DepartmentId, State, StraightLine, Task, TaskId};
use geojson::{Feature, GeoJson, GeometryValue};
use gis::LatLon;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{StoreError, Subject};

use super::casework::{city, open, table};
use crate::cli::{CrewsCommand, NearestArgs};
use crate::commands::route::local;
use crate::{clock, output};

/// Prints the proposals.
///
/// # Errors
/// When the store, the configuration or the positions cannot be used.
pub fn run(command: &CrewsCommand) -> anyhow::Result<ExitCode> {
    let CrewsCommand::Nearest(args) = command;
    let store = open(&args.look.store)?;
    let (_, city) = city(args.look.store.config.as_deref())?;
    let crews = read(&args.positions)?;
    let tasks = if let Some(id) = args.task.map(TaskId) {
        vec![store.task(id)?.ok_or(StoreError::NotFound(Subject::Task(id)))?]
    } else {
        let mut tasks = store.tasks()?;
        tasks.retain(|task| matches!(task.state, State::Dispatched | State::Accepted));
        tasks
    };
    let at = args.at.unwrap_or_else(clock::now);
    let skills: BTreeSet<String> = args.skills.iter().cloned().collect();
    let proposals: Vec<(&Task, Vec<CrewProposal>)> =
        tasks.iter().map(|task| (task, propose(task, &crews, &skills, at))).collect();
    let text =
        if args.look.json { json_of(&proposals)? } else { table_of(&proposals, args, &city.rules.calendar) };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn propose(task: &Task, crews: &[Crew], skills: &BTreeSet<String>, at: Timestamp) -> Vec<CrewProposal> {
    let Some(department) = &task.lead else { return Vec::new() };
    let arrive_by = task.stage_deadlines.arrive.or(task.deadline);
    nearest(crews, &Wanted { department, position: task.position, skills, arrive_by }, at, &StraightLine::CAR)
}

fn json_of(proposals: &[(&Task, Vec<CrewProposal>)]) -> anyhow::Result<String> {
    let one = |(task, crews): &(&Task, Vec<CrewProposal>)| json!({ "task": task.id, "lead": task.lead, "position": task.position, "crews": crews });
    let all: Vec<Value> = proposals.iter().map(one).collect();
    Ok(serde_json::to_string_pretty(&all)?)
}

/// All crews of one task, or the best one of each of many.
fn table_of(
    proposals: &[(&Task, Vec<CrewProposal>)],
    args: &NearestArgs,
    calendar: &dispatch::Calendar,
) -> String {
    let mut table = table(&["task", "lead", "crew", "free", "leaves", "arrives", "way_m", "in_time"]);
    let shown = if args.task.is_some() { usize::MAX } else { 1 };
    for (task, crews) in proposals {
        let lead = task.lead.as_ref().map_or("-", |id| id.0.as_str());
        if crews.is_empty() {
            table.add_row([task.id.to_string().as_str(), lead, "none", "-", "-", "-", "-", "-"]);
        }
        for crew in crews.iter().take(shown) {
            table.add_row([
                task.id.to_string(),
                lead.to_owned(),
                crew.crew.clone(),
                crew.free.to_string(),
                local(crew.leaves, calendar),
                local(crew.arrives, calendar),
                format!("{:.0}", crew.way_m),
                crew.in_time.to_string(),
            ]);
        }
    }
    let served = proposals.iter().filter(|(_, crews)| !crews.is_empty()).count();
    format!("{table}\n{served} of {} tasks have a crew that could go", proposals.len())
}

fn read(path: &Path) -> anyhow::Result<Vec<Crew>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parsed: GeoJson =
        text.parse().map_err(|error| anyhow!("{} is no GeoJSON: {error}", path.display()))?;
    let GeoJson::FeatureCollection(all) = parsed else {
        bail!("{} holds no collection of features", path.display())
    };
    let crew = |(number, feature): (usize, &Feature)| {
        crew(feature).with_context(|| format!("{}: feature {}", path.display(), number + 1))
    };
    let crews: Vec<Crew> = all.features.iter().enumerate().map(crew).collect::<anyhow::Result<_>>()?;
    let ids: BTreeSet<&str> = crews.iter().map(|crew| crew.id.as_str()).collect();
    if ids.len() < crews.len() {
        bail!("{}: a crew comes twice", path.display());
    }
    Ok(crews)
}

fn crew(feature: &Feature) -> anyhow::Result<Crew> {
    let geometry = feature.geometry.as_ref().map(|geometry| &geometry.value);
    let Some(GeometryValue::Point { coordinates }) = geometry else { bail!("is no point") };
    let (lon_deg, lat_deg) = match coordinates.as_slice() {
        [lon_deg, lat_deg, ..] => (*lon_deg, *lat_deg),
        _ => bail!("has no two coordinates"),
    };
    let position = LatLon::new(lat_deg, lon_deg)
        .with_context(|| format!("latitude {lat_deg} longitude {lon_deg} is not on the globe"))?;
    let text = |key: &str| feature.property(key).and_then(Value::as_str);
    let needed = |key: &str| text(key).with_context(|| format!("has no text {key:?}"));
    let moment = |key: &str| -> anyhow::Result<Option<Timestamp>> {
        let parse = |text: &str| text.parse().with_context(|| format!("{key} {text:?} is no moment"));
        text(key).map(parse).transpose()
    };
    let skills = match feature.property("skills") {
        None | Some(Value::Null) => BTreeSet::new(),
        Some(Value::Array(skills)) => skills.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(other) => bail!("skills {other} are no list"),
    };
    Ok(Crew {
        id: needed("id")?.to_owned(),
        department: DepartmentId(needed("department")?.to_owned()),
        position,
        skills,
        shift_from: moment("shift_from")?.unwrap_or(Timestamp::MIN),
        shift_to: moment("shift_to")?.unwrap_or(Timestamp::MAX),
        busy_until: moment("busy_until")?,
    })
}
