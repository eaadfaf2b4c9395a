//! `flyonce tasks bounces` and `tasks overdue`: what came back, and what is late.

use std::process::ExitCode;

use anyhow::Context;
use dispatch::bounce::{Bounce, bounces as bounces_of, proposed_changes};
use dispatch::{DepartmentId, Escalation, ProposedChange, Task, due};
use serde_json::json;

use super::casework::{city, open, table};
use crate::cli::{LookArgs, OverdueArgs};
use crate::commands::route::local;
use crate::{clock, output};

/// Prints the bounces, and the changes of the rules that they speak for; nothing is changed.
///
/// # Errors
/// When the store cannot be used.
pub fn bounces(args: &LookArgs) -> anyhow::Result<ExitCode> {
    let tasks = open(&args.store)?.tasks()?;
    let mut all: Vec<Bounce> = tasks.iter().flat_map(bounces_of).collect();
    all.sort_by_key(|bounce| (bounce.at, bounce.task));
    let changes = proposed_changes(&tasks);
    let text = if args.json {
        serde_json::to_string_pretty(&json!({ "bounces": all, "proposed_changes": changes }))?
    } else {
        format!("{}\n\n{}", bounces_table(&all), changes_table(&changes))
    };
    print(&text)
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    output::print(text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn some(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

fn name(id: Option<&DepartmentId>) -> String {
    some(id.map(|id| id.0.as_str()))
}

fn bounces_table(all: &[Bounce]) -> String {
    let mut table = table(&["at", "task", "class", "by", "reason", "rule", "township", "next"]);
    for bounce in all {
        table.add_row([
            bounce.at.to_string(),
            bounce.task.to_string(),
            bounce.class.clone(),
            bounce.by.0.clone(),
            bounce.reason.clone(),
            some(bounce.rule.as_deref()),
            some(bounce.township.as_deref()),
            name(bounce.next.as_ref()),
        ]);
    }
    format!("{table}\n{} bounces", all.len())
}

fn changes_table(changes: &[ProposedChange]) -> String {
    let mut table = table(&["rule", "class", "from", "to", "township", "tasks", "kept", "why_zh", "why_en"]);
    for change in changes {
        table.add_row([
            change.rule.clone(),
            change.class.clone(),
            change.from.0.clone(),
            change.to.0.clone(),
            some(change.township.as_deref()),
            change.tasks.len().to_string(),
            change.kept.to_string(),
            change.reason_zh.clone(),
            change.reason_en.clone(),
        ]);
    }
    format!("{table}\n{} proposed changes of the rules; none is made by itself", changes.len())
}

/// Prints the stages that are late at a moment, and who is to be told.
///
/// # Errors
/// When the store or the configuration cannot be used.
pub fn overdue(args: &OverdueArgs) -> anyhow::Result<ExitCode> {
    let tasks = open(&args.look.store)?.tasks()?;
    let (_, city) = city(args.look.store.config.as_deref())?;
    let at = args.at.unwrap_or_else(clock::now);
    let mut late: Vec<(&Task, Escalation)> = tasks
        .iter()
        .flat_map(|task| due(task, &city.rules, at).into_iter().map(move |escalation| (task, escalation)))
        .collect();
    late.sort_by_key(|(task, escalation)| (escalation.deadline, escalation.level, task.id));
    if args.look.json {
        let one = |(task, escalation): &(&Task, Escalation)| json!({ "task": task.id, "state": task.state, "lead": task.lead, "escalation": escalation });
        let all: Vec<_> = late.iter().map(one).collect();
        return print(&serde_json::to_string_pretty(&all)?);
    }
    let mut table = table(&["task", "state", "stage", "level", "due", "to", "reason_zh", "reason_en"]);
    for (task, escalation) in &late {
        table.add_row([
            task.id.to_string(),
            task.state.name().to_owned(),
            escalation.stage.names().1.to_owned(),
            escalation.level.to_string(),
            local(escalation.deadline, &city.rules.calendar),
            name(escalation.to.as_ref()),
            escalation.reason_zh.clone(),
            escalation.reason_en.clone(),
        ]);
    }
    let mut tasks: Vec<_> = late.iter().map(|(task, _)| task.id).collect();
    tasks.dedup();
    tasks.sort_unstable();
    tasks.dedup();
    print(&format!("{table}\n{} tasks are late at {at}", tasks.len()))
}
