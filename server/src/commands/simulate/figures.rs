//! Figures of simulated days as a table and as JSON: means over the seeds, with the least and the greatest.
//!
//! The p50 and p99 of the time to a task are of the things of all days together: of the 169 things of one day 1 % is one or two. All else is a mean of days.

use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};
use simulation::score::{Grouping, Quantiles, Score};

use super::Scored;

/// A figure: its name, what is asked of it, and how it is read off a day.
type Figure = (&'static str, &'static str, fn(&Score) -> f64);

const P50: &str = "first_sight_to_task_s p50";
const P99: &str = "first_sight_to_task_s p99";

const FIGURES: [Figure; 15] = [
    ("duplicates_per_incident", "<= 0.02", |s| s.grouping.duplicates_per_incident),
    ("false_merge_share", "<= 0.01", |s| s.grouping.false_merge_share),
    ("missed_share", "<= 0.02", |s| s.grouping.missed_share),
    ("invented_share", "<= 0.03", |s| s.grouping.invented_share),
    ("bcubed_f1", ">= 0.98", |s| s.grouping.bcubed_f1),
    ("id_stability", "", |s| s.id_stability),
    ("wrong_department_share", "<= 0.01", |s| s.wrong_department_share),
    ("  by exact polygon alone", "", |s| s.wrong_department_otherwise.exact_polygon),
    ("  by centre of the H3 cell", "", |s| s.wrong_department_otherwise.h3_r10_centre),
    ("automatic_dispatch_share", ">= 0.95", |s| s.automatic_dispatch_share),
    (P50, "<= 10", |s| s.first_sight_to_task_s.p50),
    (P99, "<= 60", |s| s.first_sight_to_task_s.p99),
    ("  first minute like a false run", "", |s| s.first_minute.like_a_false_run_share),
    ("  p50 of the others", "<= 10", |s| s.first_minute.others_first_sight_to_task_s.p50),
    ("  p99 of the others", "<= 60", |s| s.first_minute.others_first_sight_to_task_s.p99),
];

/// A figure of a way to put sightings together: its name, and how it is read.
type OfGrouping = (&'static str, fn(&Grouping) -> f64);

const GROUPING: [OfGrouping; 5] = [
    ("duplicates_per_incident", |g| g.duplicates_per_incident),
    ("false_merge_share", |g| g.false_merge_share),
    ("missed_share", |g| g.missed_share),
    ("invented_share", |g| g.invented_share),
    ("bcubed_f1", |g| g.bcubed_f1),
];

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / (values.count() as f64).max(1.0)
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

fn greatest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, f64::max)
}

/// Returns from first sight to task over the things of all days, seconds.
fn first_sight_to_task_s(all: &[Scored]) -> Quantiles {
    Quantiles::of(all.iter().flat_map(|scored| scored.score.waits_s.iter().copied()).collect())
}

/// Writes the figures as two tables: the product's, and those of simpler ways to put sightings together.
pub fn table(all: &[Scored]) -> String {
    let mut own = plain(&["figure", "asked", "days", "least", "greatest"]);
    let together = first_sight_to_task_s(all);
    for (name, asked, of) in FIGURES {
        let values = || all.iter().map(|scored| of(&scored.score));
        let shown = |value: f64| if value >= 10.0 { format!("{value:.1}") } else { format!("{value:.4}") };
        let of_all_days = match name {
            P50 => together.p50,
            P99 => together.p99,
            _ => mean(values()),
        };
        own.add_row([
            name.to_owned(),
            asked.to_owned(),
            shown(of_all_days),
            shown(least(values())),
            shown(greatest(values())),
        ]);
    }
    let mut others = plain(&["way", "duplicates", "false merges", "missed", "invented", "B-cubed F1"]);
    for way in ways(all) {
        let row = GROUPING.iter().map(|(_, of)| format!("{:.4}", mean(of_way(all, &way).map(|g| of(&g)))));
        others.add_row(std::iter::once(way.clone()).chain(row));
    }
    let counts = all.iter().map(|s| {
        format!("seed {}: {} tasks, {} incidents", s.seed, s.score.counts.tasks, s.score.counts.incidents)
    });
    let days = counts.collect::<Vec<_>>().join("\n");
    format!("{own}\n\n{others}\n\n{days}\n")
}

fn plain(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heads.iter().copied());
    table
}

/// Names of the simpler ways, in their order.
fn ways(all: &[Scored]) -> Vec<String> {
    all.first().map(|scored| scored.baselines.iter().map(|b| b.name.clone()).collect()).unwrap_or_default()
}

fn of_way<'a>(all: &'a [Scored], way: &'a str) -> impl Iterator<Item = Grouping> + Clone + 'a {
    all.iter().flat_map(|scored| &scored.baselines).filter(move |b| b.name == way).map(|b| b.grouping)
}

/// Writes the figures as JSON: means at the top (`first_sight_to_task_s`: of all days together), `spread` with the least and the greatest, `baselines`, and every day under `days`.
///
/// # Errors
/// None that a score can cause.
pub fn json(all: &[Scored]) -> serde_json::Result<String> {
    let mut top = Map::new();
    let mut spread = Map::new();
    for (name, _, of) in FIGURES.iter().filter(|(name, ..)| !name.contains(' ')) {
        let values = || all.iter().map(|scored| of(&scored.score));
        top.insert((*name).to_owned(), json!(mean(values())));
        spread.insert((*name).to_owned(), json!([least(values()), greatest(values())]));
    }
    let quantile = |of: fn(&Score) -> f64| {
        let values = || all.iter().map(|scored| of(&scored.score));
        (mean(values()), [least(values()), greatest(values())])
    };
    let (p50, p99) =
        (quantile(|s| s.first_sight_to_task_s.p50).1, quantile(|s| s.first_sight_to_task_s.p99).1);
    top.insert("first_sight_to_task_s".to_owned(), serde_json::to_value(first_sight_to_task_s(all))?);
    spread.insert("first_sight_to_task_s".to_owned(), json!({ "p50": p50, "p99": p99 }));
    let (others, like) = (
        quantile(|s| s.first_minute.others_first_sight_to_task_s.p99),
        quantile(|s| s.first_minute.like_a_false_run_share),
    );
    top.insert(
        "first_minute".to_owned(),
        json!({ "like_a_false_run_share": like.0, "others_first_sight_to_task_s_p99": others.0 }),
    );
    spread.insert(
        "first_minute".to_owned(),
        json!({ "like_a_false_run_share": like.1, "others_first_sight_to_task_s_p99": others.1 }),
    );
    let baseline = |way: String| {
        let figures = GROUPING
            .iter()
            .map(|(name, of)| ((*name).to_owned(), json!(mean(of_way(all, &way).map(|g| of(&g))))));
        let figures: Map<String, Value> = figures.collect();
        (way.clone(), Value::Object(figures))
    };
    let baselines: Map<String, Value> = ways(all).into_iter().map(baseline).collect();
    top.insert("baselines".to_owned(), Value::Object(baselines));
    top.insert("spread".to_owned(), Value::Object(spread));
    let days = all.iter().map(|s| Ok(json!({ "seed": s.seed, "score": serde_json::to_value(&s.score)? })));
    top.insert("days".to_owned(), Value::Array(days.collect::<serde_json::Result<_>>()?));
    serde_json::to_string_pretty(&Value::Object(top))
}
