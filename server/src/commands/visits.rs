//! `flyonce visits`: open tasks of several departments at one place and time become one visit.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use dispatch::visits::{Check, OpenTask, Plan, Teams, Visit, plan};
use dispatch::{Calendar, Departments, Problem};
use geojson::{Feature, FeatureCollection, Geometry, GeometryValue};
use serde_json::{Value, json};

use super::casework::{city, open, table};
use crate::cli::{VisitFormat, VisitsArgs};
use crate::commands::route::local;
use crate::{clock, output};

/// Prints the visits.
///
/// # Errors
/// When the store, the configuration, the teams or the checks cannot be used.
pub fn run(args: &VisitsArgs) -> anyhow::Result<ExitCode> {
    let tasks = open(&args.store)?.tasks()?;
    let (_, city) = city(args.store.config.as_deref())?;
    let teams = teams(&args.teams, &city.departments)?;
    let checks = args.checks.as_deref().map(checks).transpose()?.unwrap_or_default();
    let at = args.at.unwrap_or_else(clock::now);
    let open_tasks: Vec<OpenTask> = tasks.iter().filter_map(|task| OpenTask::of(task, &checks, at)).collect();
    let plan = plan(&open_tasks, &teams);
    let text = match args.format {
        VisitFormat::Table => table_of(&plan, &city.rules.calendar),
        VisitFormat::Csv => csv_of(&plan, &city.rules.calendar)?,
        VisitFormat::Geojson => geojson_of(&plan)?,
        VisitFormat::Json => serde_json::to_string_pretty(&plan)?,
    };
    output::print(text.trim_end()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn teams(path: &Path, departments: &Departments) -> anyhow::Result<Teams> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let cannot = |problems: &[Problem]| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("cannot use {}:\n  {}", path.display(), lines.join("\n  "))
    };
    let teams = Teams::from_toml(&text).map_err(|problem| cannot(&[problem]))?;
    let problems = teams.validate(departments);
    if problems.is_empty() { Ok(teams) } else { Err(cannot(&problems)) }
}

fn checks(path: &Path) -> anyhow::Result<Vec<Check>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    match Check::read_csv(&path.display().to_string(), &text) {
        Ok(checks) => Ok(checks),
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("cannot use {}:\n  {}", path.display(), lines.join("\n  "))
        }
    }
}

fn departments(visit: &Visit) -> String {
    visit.departments.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(" ")
}

fn table_of(plan: &Plan, calendar: &Calendar) -> String {
    let mut table = table(&["visit", "from", "latest", "minutes", "team", "departments", "tasks", "checks"]);
    for (number, visit) in plan.visits.iter().enumerate() {
        table.add_row([
            (number + 1).to_string(),
            local(visit.from, calendar),
            local(visit.latest, calendar),
            visit.minutes.to_string(),
            visit.team.clone().unwrap_or_else(|| "-".to_owned()),
            departments(visit),
            visit.tasks.len().to_string(),
            visit.checks.len().to_string(),
        ]);
    }
    format!(
        "{table}\n{} visits for {} tasks: {:.0} % fewer than one a task, {:.0} % fewer than by department",
        plan.visits.len(),
        plan.tasks,
        100.0 * plan.saved_share(),
        100.0 * plan.saved_share_by_department()
    )
}

fn csv_of(plan: &Plan, calendar: &Calendar) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "visit",
        "stop",
        "lat_deg",
        "lon_deg",
        "from",
        "latest",
        "minutes",
        "team",
        "lead",
        "departments",
        "tasks",
        "checks_zh",
        "checks_en",
    ])?;
    for (number, visit) in plan.visits.iter().enumerate() {
        let tasks = visit.tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let checks = |name: fn(&dispatch::visits::MergedCheck) -> &str| {
            visit.checks.iter().map(name).collect::<Vec<_>>().join("; ")
        };
        for (stop, at) in visit.stops.iter().enumerate() {
            writer.write_record([
                (number + 1).to_string(),
                (stop + 1).to_string(),
                format!("{:.7}", at.lat_deg),
                format!("{:.7}", at.lon_deg),
                local(visit.from, calendar),
                local(visit.latest, calendar),
                visit.minutes.to_string(),
                visit.team.clone().unwrap_or_default(),
                visit.lead.0.clone(),
                departments(visit),
                tasks.clone(),
                checks(|check| &check.name_zh),
                checks(|check| &check.name_en),
            ])?;
        }
    }
    Ok(String::from_utf8(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

fn geojson_of(plan: &Plan) -> anyhow::Result<String> {
    let feature = |(number, visit): (usize, &Visit)| {
        let mut stops = visit.stops.iter().map(|at| vec![at.lon_deg, at.lat_deg]);
        let geometry = match (visit.stops.len(), stops.next()) {
            (1, Some(only)) => GeometryValue::new_point(only),
            (_, first) => GeometryValue::new_line_string(first.into_iter().chain(stops).collect::<Vec<_>>()),
        };
        let properties = match json!({ "visit": number + 1, "plan": visit }) {
            Value::Object(properties) => properties,
            _ => geojson::JsonObject::new(),
        };
        Feature {
            bbox: None,
            geometry: Some(Geometry::new(geometry)),
            id: None,
            properties: Some(properties),
            foreign_members: None,
        }
    };
    let features = plan.visits.iter().enumerate().map(feature).collect();
    let all = FeatureCollection { bbox: None, features, foreign_members: None };
    Ok(serde_json::to_string_pretty(&all)?)
}
