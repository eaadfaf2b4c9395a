//! Tables for a person: tasks, truth, cost.

use comfy_table::{ContentArrangement, Table, presets};
use dispatch::{Departments, Task};
use gis::Incident;
use jiff::tz::TimeZone;

use super::summary::{SourceSummary, Summary};
use crate::truth::Comparison;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().copied());
    table
}

/// Returns the tasks: what, where, how sure, which department, deadline, evidence.
pub fn tasks(tasks: &[Task], incidents: &[Incident], departments: &Departments, zone: &TimeZone) -> String {
    if tasks.is_empty() {
        return "no tasks 没有任务".to_owned();
    }
    let mut table = table(&[
        "what 事项",
        "where 位置",
        "sure 把握",
        "lead 主办",
        "state 状态",
        "deadline 时限",
        "evidence 证据",
    ]);
    for task in tasks {
        let score = incidents.iter().find(|i| i.id == task.incident_id).map_or(0.0, |i| i.mean_score);
        let severity = format!("{:?}", task.severity).to_lowercase();
        let at = task.position;
        let deadline = task.deadline.map(|t| t.to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string());
        table.add_row([
            format!("{}\n{severity}", task.title_en),
            format!("{:.6} {:.6}\nCE90 {:.1} m", at.lat_deg, at.lon_deg, task.ce90_m),
            format!("{:.0} %", score * 100.0),
            format!("{}\n{:.0} %", lead(task, departments), task.routing.probability * 100.0),
            format!("{:?}", task.state).to_lowercase(),
            deadline.unwrap_or_else(|| "-".to_owned()),
            task.evidence.first().map_or_else(|| "-".to_owned(), |e| e.sha256.chars().take(12).collect()),
        ]);
    }
    table.to_string()
}

fn lead(task: &Task, departments: &Departments) -> String {
    let Some(id) = &task.lead else { return "a person decides 待人工研判".to_owned() };
    let named = departments.departments.iter().find(|d| d.id == *id);
    named.map_or_else(|| id.to_string(), |d| format!("{} {}", d.name_zh, d.name_en))
}

/// Returns the comparison with known truth, one line a spot and a verdict.
pub fn truth(found: &Comparison) -> String {
    let mut table = table(&["spot", "class", "tasks", "error", "area", "department"]);
    for result in &found.results {
        table.add_row([
            result.spot.clone(),
            result.class.clone(),
            result.tasks.len().to_string(),
            result.error_m.map_or_else(|| "-".to_owned(), |m| format!("{m:.2} m")),
            result.area_ratio.map_or_else(|| "-".to_owned(), |r| format!("{:.0} %", r * 100.0)),
            match (result.tasks.is_empty(), result.right_department) {
                (true, _) => "-",
                (false, true) => "right",
                (false, false) => "wrong",
            }
            .to_owned(),
        ]);
    }
    let metres = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |m| format!("{m:.2} m"));
    format!(
        "{table}\nknown truth: {} of {} spots became exactly one task, {} twice or more, {} missed, {} invented, {} with the \
         wrong department; position error median {}, largest {}",
        found.found_once,
        found.spots,
        found.duplicated,
        found.missed,
        found.invented.len(),
        found.wrong_department,
        metres(found.median_error_m),
        metres(found.max_error_m),
    )
}

/// Returns the sources and the cost by stage.
pub fn summary(summary: &Summary) -> String {
    let mut sources = table(&["source", "frames", "video", "dropped", "seen", "located", "time from"]);
    for s in &summary.sources {
        sources.add_row([
            s.id.clone(),
            s.frames.to_string(),
            format!("{:.1} s", s.duration_secs),
            s.dropped.to_string(),
            s.detections.to_string(),
            s.located.to_string(),
            s.time_source.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let lines: Vec<String> =
        std::iter::once(sources.to_string()).chain(summary.sources.iter().flat_map(notes)).collect();
    let sources = lines.join("\n");
    let stage = |c: &super::summary::StageCost| format!("{} {:.1}", c.stage, c.cpu_ms_per_frame);
    let stages: Vec<String> = summary.cost.iter().map(stage).collect();
    let pack =
        |p: &super::summary::PackUsed| format!("{} {} {} on {}", p.name, p.version, p.precision, p.provider);
    let packs: Vec<String> = summary.packs.iter().map(pack).collect();
    let first =
        summary.time.first_detection_secs.map_or_else(String::new, |s| format!(", first detection {s:.1} s"));
    format!(
        "{sources}\n{} frames, {} detections, {} incidents ({} not located), {} tasks in {:.1} s{first}\nCPU ms a frame: {}\npacks: {}",
        summary.frames,
        summary.detections,
        summary.incidents,
        summary.unlocated_incidents,
        summary.tasks,
        summary.time.wall_secs,
        stages.join(", "),
        packs.join(", ")
    )
}

/// What was assumed of the poses of a source, one line each.
fn notes(source: &SourceSummary) -> Vec<String> {
    let laser = (source.laser_frames > 0)
        .then(|| format!("a range finder told the distance of {} frames", source.laser_frames));
    source.pose_notes.iter().cloned().chain(laser).map(|note| format!("{}: {note}", source.id)).collect()
}
