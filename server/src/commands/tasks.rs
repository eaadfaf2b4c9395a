//! `flyonce tasks`: what is known of them, and how people move them on.

use std::process::ExitCode;

use anyhow::Context;
use dispatch::casework::{Act, Step};
use dispatch::{DepartmentId, Task, TaskId};
use serde_json::json;
use store::{StoreError, Subject, What};
use uuid::Uuid;

use super::casework::{open, operate, operations_json, operations_text, table, version};
use super::late;
use crate::cli::{OneLookArgs, PersonArgs, TasksArgs, TasksCommand, TasksListArgs};
use crate::output;

/// Runs a look or an operation.
///
/// # Errors
/// When the store cannot be used, or the operation is refused, with the reason.
pub fn run(args: &TasksArgs) -> anyhow::Result<ExitCode> {
    let to = |department: &str| DepartmentId(department.to_owned());
    let (id, person, step) = match &args.command {
        TasksCommand::List(args) => return list(args),
        TasksCommand::Show(args) => return show(args),
        TasksCommand::Bounces(args) => return late::bounces(args),
        TasksCommand::Overdue(args) => return late::overdue(args),
        TasksCommand::Undo(args) => {
            let subject = Subject::Task(TaskId(args.id));
            return operate(&args.person, &[subject], What::Undo(subject));
        }
        TasksCommand::Dispatch(args) => {
            (args.id, &args.person, Step::Dispatch { department: to(&args.department) })
        }
        TasksCommand::Reassign(args) => {
            (args.id, &args.person, Step::Reassign { department: to(&args.department) })
        }
        TasksCommand::Confirm(args) => (args.id, &args.person, Step::Confirm),
        TasksCommand::Reject(args) => (args.id, &args.person, Step::Reject),
        TasksCommand::Accept(args) => (args.id, &args.person, Step::Accept),
        TasksCommand::Bounce(args) => (args.id, &args.person, Step::Bounce),
        TasksCommand::Depart(args) => (args.id, &args.person, Step::Depart),
        TasksCommand::Arrive(args) => (args.id, &args.person, Step::Arrive),
        TasksCommand::Finish(args) => (args.id, &args.person, Step::Finish),
        TasksCommand::Verify(args) => (args.id, &args.person, Step::Verify),
        TasksCommand::Refute(args) => (args.id, &args.person, Step::Refute),
        TasksCommand::Close(args) => (args.id, &args.person, Step::Close),
        TasksCommand::Reopen(args) => (args.id, &args.person, Step::Reopen),
    };
    take(id, person, step)
}

fn take(id: Uuid, person: &PersonArgs, step: Step) -> anyhow::Result<ExitCode> {
    let task = TaskId(id);
    operate(person, &[Subject::Task(task)], What::Act(Act::Step { task, step }))
}

fn list(args: &TasksListArgs) -> anyhow::Result<ExitCode> {
    let store = open(&args.look.store)?;
    let mut tasks = store.tasks()?;
    let leads = |task: &Task| {
        args.department.as_ref().is_none_or(|id| task.lead.as_ref().is_some_and(|lead| lead.0 == *id))
    };
    tasks.retain(|task| leads(task) && (args.all || !task.state.is_over()));
    let text = if args.look.json { serde_json::to_string_pretty(&tasks)? } else { table_of(&tasks) };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn table_of(tasks: &[Task]) -> String {
    let mut table = table(&["id", "state", "lead", "deadline", "title_zh", "title_en"]);
    for task in tasks {
        table.add_row([
            task.id.to_string(),
            task.state.name().to_owned(),
            task.lead.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            task.deadline.map_or_else(|| "-".to_owned(), |time| time.to_string()),
            task.title_zh.clone(),
            task.title_en.clone(),
        ]);
    }
    format!("{table}\n{} tasks", tasks.len())
}

fn show(args: &OneLookArgs) -> anyhow::Result<ExitCode> {
    let store = open(&args.look.store)?;
    let subject = Subject::Task(TaskId(args.id));
    let task = store.task(TaskId(args.id))?.ok_or(StoreError::NotFound(subject))?;
    let operations = store.operations_of(subject)?;
    let text = if args.look.json {
        serde_json::to_string_pretty(&json!({
            "task": task,
            "version": version(&operations),
            "operations": operations_json(&operations),
        }))?
    } else {
        let moves: Vec<String> = task
            .history
            .iter()
            .map(|t| format!("\n  {}  {} -> {} ({})", t.at, t.from.name(), t.to.name(), t.event.name()))
            .collect();
        let operations_told = operations_text(&operations);
        format!(
            "{}\nincident {}\nversion {}\nwhy: {}\n     {}\ncourse:{}\noperations:\n{operations_told}",
            table_of(std::slice::from_ref(&task)),
            task.incident_id,
            version(&operations),
            task.routing.reason_zh,
            task.routing.reason_en,
            moves.concat(),
        )
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
