//! What is wrong with a plan.

use std::process::ExitCode;

use anyhow::Context;
use missions::check::{Against, Problem, check};
use missions::estimate::estimate;
use serde_json::json;

use super::input::{self, Conditions};
use crate::cli::MissionCheckArgs;
use crate::output::print;

/// Prints every problem; the exit code is 1 when there is one.
///
/// # Errors
/// When an input cannot be read.
pub fn run(args: &MissionCheckArgs) -> anyhow::Result<ExitCode> {
    let mut imported = input::plan(&args.plan)?;
    if args.home.is_some() {
        imported.plan.home = args.home;
    }
    let aircraft = input::aircraft_of(args.aircraft.as_deref(), &imported)?;
    let conditions = Conditions::read(&args.against)?;
    let against = Against { gsd_m: args.gsd, ..conditions.against(&aircraft, args.at) };
    let problems = check(&imported, &against);
    let cost = estimate(&imported.plan, &aircraft);
    let text = if args.json {
        let value = json!({
            "plan": args.plan, "aircraft": aircraft.id, "secs": cost.secs, "length_m": cost.length_m, "problems": problems,
        });
        value.to_string()
    } else {
        listed(&problems)
    };
    print(&text).context("cannot write to standard output")?;
    for unchecked in unchecked(args) {
        tracing::warn!("{unchecked}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn listed(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return "no problem found 未发现问题".to_owned();
    }
    let line = |problem: &Problem| {
        let leg = problem.leg.map_or_else(String::new, |leg| format!("leg 航段 {leg}: "));
        let Problem { zh, en, mend_zh, mend_en, .. } = problem;
        format!("{leg}{zh}。{mend_zh}。\n  {en}; {mend_en}")
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What the command line left out, so that silence is not taken for safety.
fn unchecked(args: &MissionCheckArgs) -> Vec<&'static str> {
    let given = [
        (
            args.against.ground.dem.is_empty(),
            "no --dem: height above ground and sight were not looked at, and the ceiling counts from take-off 未检查离地高度与通视,限高按距起飞点高度检查",
        ),
        (args.against.no_fly.is_none(), "no --no-fly: zones were not looked at 未检查禁飞区"),
        (args.against.wind.is_none(), "no --wind: calm air was taken 按无风检查"),
    ];
    given.into_iter().filter(|(missing, _)| *missing).map(|(_, text)| text).collect()
}
