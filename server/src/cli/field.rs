//! Arguments of `visits` and `crews`, and of looks at groups and at what is late.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use uuid::Uuid;

use super::cases::{LookArgs, StoreArgs};

/// Arguments of `incidents groups`.
#[derive(Debug, Clone, Args)]
pub struct GroupsArgs {
    /// How to look
    #[command(flatten)]
    pub look: LookArgs,
    /// Answer for all tasks of the group that wait: they are real and go to their departments, or none is
    #[arg(long, value_name = "ANSWER")]
    pub bulk: Option<BulkAnswer>,
    /// Group that is answered, as the list names it
    #[arg(long, value_name = "ID")]
    pub group: Option<Uuid>,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// An answer for a whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BulkAnswer {
    /// They are real
    Confirm,
    /// None of them is
    Reject,
}

/// Arguments of `tasks overdue`.
#[derive(Debug, Clone, Args)]
pub struct OverdueArgs {
    /// How to look
    #[command(flatten)]
    pub look: LookArgs,
    /// Moment to look at, as in 2026-06-22T09:00:00Z; now when not given
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// Arguments of `visits`.
#[derive(Debug, Clone, Args)]
pub struct VisitsArgs {
    /// Where incidents and tasks are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Joint teams and limits of a visit (teams.toml)
    #[arg(long, value_name = "FILE")]
    pub teams: PathBuf,
    /// What is checked for each matter (checks.csv); one look a task when not given
    #[arg(long, value_name = "FILE")]
    pub checks: Option<PathBuf>,
    /// Moment from which visits are planned, as in 2026-06-22T09:00:00Z; now when not given
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: VisitFormat,
}

/// How visits are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum VisitFormat {
    /// A table for people
    #[default]
    Table,
    /// One row a stop
    Csv,
    /// One line a visit, over its stops
    Geojson,
    /// The whole plan
    Json,
}

/// Arguments of `crews`.
#[derive(Debug, Clone, Args)]
pub struct CrewsArgs {
    /// What to do with crews
    #[command(subcommand)]
    pub command: CrewsCommand,
}

/// What to do with crews.
#[derive(Debug, Clone, Subcommand)]
pub enum CrewsCommand {
    /// Propose who goes to a task: the crews of its lead, those that are free and nearest first
    Nearest(NearestArgs),
}

/// Arguments of `crews nearest`.
#[derive(Debug, Clone, Args)]
pub struct NearestArgs {
    /// Where the crews are: GeoJSON points with the properties id, department, skills, shift_from, shift_to and busy_until
    #[arg(long, value_name = "FILE")]
    pub positions: PathBuf,
    /// Task to go to; every task that waits for a crew when not given
    #[arg(long, value_name = "ID")]
    pub task: Option<Uuid>,
    /// What the crew has to be able to do or carry; may be given several times
    #[arg(long = "skill", value_name = "SKILL")]
    pub skills: Vec<String>,
    /// Moment to look at, as in 2026-06-22T09:00:00Z; now when not given
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// How to look
    #[command(flatten)]
    pub look: LookArgs,
}
