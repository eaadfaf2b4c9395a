//! `flyonce incidents groups`: what one cause may have made many of, asked about once.

use std::process::ExitCode;

use anyhow::{Context, bail};
use dispatch::casework::{Act, Desk, Step};
use dispatch::flood::{Group, groups};
use store::{Operation, What};

use super::casework::{city, open, table, tell};
use crate::cli::{BulkAnswer, GroupsArgs};
use crate::{clock, output};

/// Prints the groups, or answers for one of them.
///
/// # Errors
/// When the store or the configuration cannot be used, no such group is there, or the answer is refused.
pub fn run(args: &GroupsArgs) -> anyhow::Result<ExitCode> {
    let mut store = open(&args.look.store)?;
    let (config, city) = city(args.look.store.config.as_deref())?;
    let found = groups(&store.open_incidents()?, &store.tasks()?, &city.rules, &config.flood);
    let Some(answer) = args.bulk else { return list(args, &found) };
    let (Some(id), Some(actor), Some(reason)) = (args.group, &args.actor, &args.reason) else {
        bail!("--bulk needs --group, --actor and --reason")
    };
    let Some(group) = found.iter().find(|group| group.id == id) else {
        bail!(
            "there is no group {id}: its tasks were answered, or others came; `incidents groups` lists what there is"
        )
    };
    let step = match answer {
        BulkAnswer::Confirm => Step::Confirm,
        BulkAnswer::Reject => Step::Reject,
    };
    if group.waiting.is_empty() {
        bail!("no task of group {id} waits for an answer");
    }
    let what = What::Act(Act::Many { tasks: group.waiting.clone(), step });
    let name = what.name();
    let operation = Operation { actor: actor.clone(), reason: reason.clone(), what, expected: Vec::new() };
    let desk = Desk {
        dedupe: &config.dedupe,
        zones: &city.zones,
        rules: &city.rules,
        departments: &city.departments,
    };
    let done = store.operate(&operation, &desk, clock::now())?;
    tell(&name, &done, args.look.json)
}

fn list(args: &GroupsArgs, found: &[Group]) -> anyhow::Result<ExitCode> {
    let text = if args.look.json {
        serde_json::to_string_pretty(found)?
    } else {
        let mut table = table(&["id", "tasks", "waiting", "from", "to", "cause_zh", "cause_en"]);
        for group in found {
            table.add_row([
                group.id.to_string(),
                group.tasks.len().to_string(),
                group.waiting.len().to_string(),
                group.from.to_string(),
                group.to.to_string(),
                group.cause_zh.clone(),
                group.cause_en.clone(),
            ]);
        }
        format!("{table}\n{} groups", found.len())
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
